// config import: connector files as a configuration of tandem run.

#include "engine/admin/failure.hpp"
#include "engine/config/error.hpp"
#include "engine/connect/import_config.hpp"
#include "tools/tandem/command.hpp"
#include "tools/tandem/read_connectors.hpp"

#include <fmt/format.h>

#include <iterator>
#include <vector>

namespace tandem::tool {

int config_import(call const& now) {
    std::vector<tandem::connect::named_config> all;
    for (auto const& name : now.names) {
        auto read = read_connectors(name);
        all.insert(all.end(), std::make_move_iterator(read.begin()),
                   std::make_move_iterator(read.end()));
    }
    auto const made = tandem::connect::import_connectors(all);
    if (!made) {
        throw engine::config_error{made.error().what};
    }
    fmt::print("{}", made->toml);
    for (auto const& each : made->notes) {
        fmt::print(stderr, "not taken over: {}\n", each);
    }
    return engine::exit_status::ok;
}

} // namespace tandem::tool
