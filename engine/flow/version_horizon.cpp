#include "engine/flow/version_horizon.hpp"

#include <fmt/format.h>

namespace tandem::engine {
namespace {

// The first transaction from the oldest kept one on that has a time: aborted ones have none. What is forgotten from before
// the set-up is of rows that both nodes had.
constexpr char const* oldest_kept =
    "SELECT (extract(epoch FROM s.at) * 1000000)::bigint FROM (SELECT t.at FROM (SELECT n.i, CASE WHEN n.x > 2 THEN "
    "pg_xact_commit_timestamp(n.x::text::xid) END AS at FROM (SELECT i, (c.oldest_commit_ts_xid::text::bigint + i) % "
    "4294967296 AS x FROM pg_control_checkpoint() AS c, generate_series(0, 1000) AS i) AS n) AS t WHERE t.at IS NOT NULL "
    "ORDER BY t.i LIMIT 1) AS s, tandem.meta AS m WHERE s.at > m.installed_at";

} // namespace

io::awaitable<outcome_of<void>> read_versions_since(direction_link& link,
                                                    io::pg::connection& target) {
    if (!link.setup.conflicts.any_guarded()) {
        co_return boost::system::in_place_value;
    }
    auto const got = co_await target.execute(oldest_kept);
    if (!got) {
        co_return retry_after(link.setup.target.name, "asking for its oldest commit timestamp",
                              got.error());
    }
    if (!got->empty()) {
        link.versions_since = pg_time::from_unix_us(got->integer(0, 0));
    }
    co_return boost::system::in_place_value;
}

failure versions_are_gone(direction_link const& link, pg_time committed) {
    return {next_step::paused,
            fmt::format(
                "a change of node {} was committed at {}, but node {} has kept commit timestamps "
                "since {} only: which of two versions is the later one cannot be told; compare the "
                "nodes (tandem verify), then 'tandem destroy --yes' and 'tandem init'",
                link.setup.source.name, to_string(committed), link.setup.target.name,
                to_string(link.versions_since))};
}

} // namespace tandem::engine
