#include "tools/tandem/read_connectors.hpp"

#include "engine/config/error.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <utility>

namespace tandem::tool {

std::vector<tandem::connect::named_config> read_connectors(std::string const& name) {
    std::ifstream file{name, std::ios::binary};
    if (!file) {
        throw engine::config_error{fmt::format("{}: cannot be read", name)};
    }
    std::string const text{std::istreambuf_iterator<char>{file}, {}};
    auto read = tandem::connect::connectors_of_file(name, text);
    if (!read) {
        throw engine::config_error{fmt::format("{}: {}", name, read.error().what)};
    }
    return std::move(*read);
}

} // namespace tandem::tool
