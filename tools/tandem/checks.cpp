// doctor and verify: they look, and exit 4 when something is not as it should be.

#include "engine/admin/doctor.hpp"
#include "engine/admin/failure.hpp"
#include "engine/admin/verify.hpp"
#include "tools/tandem/command.hpp"

#include <fmt/format.h>

namespace tandem::tool {

int doctor(call const& now) {
    engine::validate_nodes(now.set, 1);
    io::asio::io_context io{1};
    auto const findings = engine::run_on(io, engine::examine(io.get_executor(), now.set));
    fmt::print("{}", now.json ? engine::doctor_json(findings) : engine::doctor_text(findings));
    return engine::any_error(findings) ? engine::exit_status::check : engine::exit_status::ok;
}

int verify(call const& now) {
    engine::validate_nodes(now.set, 2);
    io::asio::io_context io{1};
    auto const found =
        engine::run_on(io, engine::verify_tables(io.get_executor(), now.set, now.limit));
    fmt::print("{}",
               now.json ? engine::verification_json(found) : engine::verification_text(found));
    for (engine::left_out_table const& each : found.left_out) {
        fmt::print(stderr, "not compared: {}: {}\n", each.table, each.reason);
    }
    return found.equal() ? engine::exit_status::ok : engine::exit_status::check;
}

} // namespace tandem::tool
