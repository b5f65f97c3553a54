#include "engine/admin/slots.hpp"

#include "codecs/sql/quote.hpp"
#include "engine/admin/failure.hpp"

#include <fmt/format.h>

namespace tandem::engine {
namespace {

constexpr char const* lock_not_available = "55P03";

constexpr char const* open_transactions =
    "SELECT string_agg(t, ', ') FROM (SELECT format('pid %s (%s, since %s)', pid, usename, "
    "date_trunc('second', xact_start)) AS t FROM pg_stat_activity WHERE backend_xid IS NOT NULL "
    "UNION ALL SELECT format('prepared transaction %L', gid) FROM pg_prepared_xacts) AS w";

} // namespace

awaitable<new_slot> create_slot(session& source, node_options node, std::string name) {
    std::string const doing = "creating slot " + name;
    auto opening = session::open(co_await io::asio::this_coro::executor, node, "database");
    session walsender = co_await std::move(opening);
    co_await walsender.run("SET lock_timeout = '10s'", doing);
    auto creating = walsender.link().execute(fmt::format(
        "CREATE_REPLICATION_SLOT {} LOGICAL pgoutput EXPORT_SNAPSHOT", sql::identifier(name)));
    auto const created = co_await std::move(creating);
    if (created) {
        new_slot made{std::move(walsender), std::string{created->text(0, 1)},
                      std::string{created->text(0, 2)}};
        co_return made;
    }
    if (created.error().sqlstate != lock_not_available) {
        throw database_failure(node.name, doing, created.error());
    }
    io::pg::rows const busy =
        co_await source.run(open_transactions, "looking for open transactions");
    throw command_failed{
        exit_status::environment,
        fmt::format(
            "node {}: {}: an open transaction does not end: {}; a slot begins when all open "
            "transactions have ended: end it and try again",
            node.name, doing, busy.null(0, 0) ? "it has just gone" : std::string{busy.text(0, 0)})};
}

} // namespace tandem::engine
