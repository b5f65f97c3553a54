#include "engine/admin/skip.hpp"

#include "engine/admin/failure.hpp"
#include "engine/config/error.hpp"

#include <fmt/format.h>

namespace tandem::engine {

awaitable<void> skip_transaction(io::asio::any_io_executor executor, options set,
                                 direction_names direction, lsn position) {
    session target = co_await session::open(std::move(executor), *set.node(direction.target));
    std::string const doing = "noting the transaction to skip";
    auto const there =
        co_await target.run("SELECT to_regclass('tandem.progress') IS NOT NULL", doing);
    if (!there.boolean(0, 0)) {
        throw command_failed{
            exit_status::usage,
            fmt::format("node {} is not set up; nothing is synced to it", target.node())};
    }
    io::pg::parameters values;
    values.emplace_back(direction.source);
    values.emplace_back(to_string(position));
    auto const noted = co_await target.ask(
        // Those passed already are forgotten.
        "UPDATE tandem.progress SET skip_lsns = ARRAY(SELECT s FROM unnest(skip_lsns) AS s WHERE "
        "s > applied_lsn AND s <> $2::pg_lsn) || $2::pg_lsn WHERE stream = $1 AND applied_lsn < "
        "$2::pg_lsn RETURNING 1",
        values, doing);
    values.pop_back();
    if (!noted.empty()) { // a running instance reads the list when it starts the stream again
        co_await target.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
            "current_database() AND application_name = 'tandem apply ' || $1",
            values, "telling the running instance");
        co_return;
    }
    auto const row = co_await target.ask(
        "SELECT applied_lsn FROM tandem.progress WHERE stream = $1", values, doing);
    if (row.empty()) {
        throw command_failed{exit_status::usage,
                             fmt::format("node {} has no progress of node {}; check --direction",
                                         direction.target, direction.source)};
    }
    throw command_failed{
        exit_status::usage,
        fmt::format("node {} has applied node {} up to {} already: the transaction at {} "
                    "cannot be passed over any more",
                    direction.target, direction.source, row.text(0, 0), to_string(position))};
}

direction_names parse_direction(options const& set, std::string const& text) {
    std::size_t const colon = text.find(':');
    direction_names read{text.substr(0, colon),
                         colon == std::string::npos ? std::string{} : text.substr(colon + 1)};
    for (direction_names const& each : directions(set)) {
        if (each.source == read.source && each.target == read.target) {
            return each;
        }
    }
    throw config_error{
        fmt::format("--direction '{}': expected SOURCE:TARGET of two nodes given with --node "
                    "(such as a:b)",
                    text)};
}

lsn parse_position(std::string const& text) {
    auto const read = lsn::parse(text);
    if (!read || !*read) {
        throw config_error{
            fmt::format("--position '{}': expected a WAL position such as 0/16B3748", text)};
    }
    return *read;
}

} // namespace tandem::engine
