// init, destroy, skip, version.

#include "engine/admin/failure.hpp"
#include "engine/admin/init.hpp"
#include "engine/admin/session.hpp"
#include "engine/admin/skip.hpp"
#include "tools/tandem/command.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tandem::tool {

int init(call const& now) {
    io::asio::io_context io{1};
    auto set = now.set;
    using care = engine::options::id_care;
    set.ids = now.ids == "stride" ? care::stride : now.ids == "check" ? care::check : care::leave;
    if (now.dry_run) {
        auto const text = engine::run_on(io, engine::initialise_dry_run(io.get_executor(), set));
        fmt::print("{}", text.sql);
        fmt::print(stderr, "{}", text.unmet);
        return engine::exit_status::ok;
    }
    engine::prepared const done = engine::run_on(io, engine::initialise(io.get_executor(), set));
    for (std::string const& note : done.notes) {
        fmt::print(stderr, "{}\n", note);
    }
    for (engine::table_choice const& choice : done.choices) {
        fmt::print(stderr, "{} to {}: {} tables\n", choice.source, choice.target,
                   choice.synced.size());
        for (engine::left_out_table const& each : choice.left_out) {
            fmt::print(stderr, "{} to {}: left out {}: {}\n", choice.source, choice.target,
                       each.table, each.reason);
        }
    }
    if (!done.policy.why.empty()) {
        fmt::print(stderr, "policy apply-remote: {}; convergence is not promised\n",
                   done.policy.why);
    }
    return done.complete ? engine::exit_status::ok : engine::exit_status::check;
}

int destroy(call const& now) {
    engine::validate_nodes(now.set, 1);
    if (!now.yes) {
        throw engine::config_error{
            "destroy removes slots, progress, conflict log and publication of the "
            "given nodes; add --yes to do it"};
    }
    io::asio::io_context io{1};
    auto const done = engine::run_on(io, engine::destroy(io.get_executor(), now.set));
    for (std::string const& each : done) {
        fmt::print(stderr, "{}\n", each);
    }
    if (done.empty()) {
        fmt::print(stderr, "nothing of tandem's was there\n");
    }
    return engine::exit_status::ok;
}

int skip(call const& now) {
    engine::validate_nodes(now.set, 2);
    auto const direction = engine::parse_direction(now.set, now.direction);
    lsn const position = engine::parse_position(now.position);
    io::asio::io_context io{1};
    engine::run_on(io, engine::skip_transaction(io.get_executor(), now.set, direction, position));
    fmt::print(stderr, "{} to {}: the transaction that ends at {} will be passed over and logged\n",
               direction.source, direction.target, to_string(position));
    return engine::exit_status::ok;
}

int version(call const& now) {
    if (now.json) {
        nlohmann::json const text{{"version", TANDEM_VERSION}};
        fmt::print("{}\n", text.dump());
    } else {
        fmt::print("tandem {}\n", TANDEM_VERSION);
    }
    return engine::exit_status::ok;
}

} // namespace tandem::tool
