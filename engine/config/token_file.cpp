#include "engine/config/token_file.hpp"

#include "engine/config/error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <system_error>

namespace tandem::engine {

std::string read_token(std::string const& path) {
    std::ifstream file{path};
    std::string token;
    if (!std::getline(file, token)) {
        throw config_error{
            fmt::format("--token-file {}: no token can be read from it: {}", path,
                        file.eof() ? "it is empty" : std::generic_category().message(errno))};
    }
    if (token.ends_with('\r')) {
        token.pop_back();
    }
    return token;
}

} // namespace tandem::engine
