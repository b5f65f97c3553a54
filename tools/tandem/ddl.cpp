// ddl list.

#include "engine/admin/ddl_log.hpp"
#include "engine/admin/failure.hpp"
#include "tools/tandem/command.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace tandem::tool {

int ddl_list(call const& now) {
    engine::validate_nodes(now.set, 1);
    io::asio::io_context io{1};
    auto const most = now.count ? static_cast<std::size_t>(*now.count) : 20;
    auto const found = engine::run_on(io, engine::list_ddl(io.get_executor(), now.set, most));
    fmt::print("{}", now.json ? engine::ddl_json(found) : engine::ddl_text(found));
    if (found.empty()) {
        fmt::print(stderr, "no DDL was carried\n");
    }
    return engine::exit_status::ok;
}

} // namespace tandem::tool
