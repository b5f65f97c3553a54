#include "engine/flow/apply_session.hpp"

#include "codecs/sql/parked_statements.hpp"
#include "engine/admin/parked_rows.hpp"
#include "engine/core/names.hpp"
#include "engine/flow/sessions.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace tandem::engine {
namespace {

// Short waits: an application that waits for us must never be the one that the deadlock detector ends (R8).
#define TANDEM_SHORT_WAITS                                                                         \
    "set_config('lock_timeout', greatest(1, least(100, s.setting::integer / 4))::text, false) "

// --origin-column: what is written bears the peer's name, and is told by a row of tandem.progress.
io::awaitable<outcome_of<unsigned>> set_up_mark(direction_setup const& setup,
                                                io::pg::connection& apply) {
    io::pg::parameters values;
    values.emplace_back(setup.source.name);
    auto set =
        co_await apply.query("SELECT set_config('tandem.origin', $1, false), " TANDEM_SHORT_WAITS
                             "FROM pg_settings AS s WHERE s.name = 'deadlock_timeout'",
                             std::move(values));
    if (!set) {
        co_return retry_after(setup.target.name, "setting up the session", set.error());
    }
    co_return 0U;
}

io::awaitable<outcome_of<unsigned>> set_up_origin(direction_setup const& setup,
                                                  io::pg::connection& apply) {
    auto const name = origin_name(setup.target_database, setup.source.name);
    io::pg::parameters values;
    values.emplace_back(name);
    auto found = co_await apply.query(
        "SELECT o.roident, pg_replication_origin_session_setup(o.roname), " TANDEM_SHORT_WAITS
        "FROM pg_replication_origin AS o, pg_settings AS s WHERE o.roname = $1 AND "
        "s.name = 'deadlock_timeout'",
        std::move(values));
    if (!found) {
        co_return retry_after(setup.target.name, "setting up the replication origin",
                              found.error());
    }
    if (found->empty()) {
        co_return failure{next_step::retry,
                          fmt::format("node {}: replication origin {} does not exist; run `tandem "
                                      "init`",
                                      setup.target.name, name)};
    }
    co_return static_cast<unsigned>(found->integer(0, 0));
}

#undef TANDEM_SHORT_WAITS

} // namespace

io::awaitable<outcome_of<apply_session>> open_apply_session(direction_setup const& setup) {
    session_request request;
    request.node = setup.target;
    request.kind = session_kind::apply;
    request.application_name = apply_session_name(setup.source.name);
    request.sync_commit = setup.sync_commit;
    request.replica_role = setup.replica_role;
    auto const executor = co_await io::asio::this_coro::executor;
    auto apply = co_await open_session(executor, request);
    if (!apply) {
        co_return apply.error();
    }
    unsigned origin_id = 0;
    if (setup.origins) {
        auto ready = co_await set_up_origin(setup, **apply);
        if (!ready) {
            co_return ready.error();
        }
        origin_id = *ready;
    } else if (auto ready = co_await set_up_mark(setup, **apply); !ready) {
        co_return ready.error();
    }
    apply_session open;
    open.origin_id = origin_id;
    open.target_is_utf8 = (*apply)->parameter("server_encoding") == "UTF8";
    open.pipeline = std::make_unique<io::pg::pipeline_session>(std::move(*apply));
    if (auto entered = open.pipeline->enter(); !entered) {
        co_return retry_after(setup.target.name, "entering pipeline mode", entered.error());
    }
    co_return open;
}

sql::apply_rules rules_for(direction_setup const& setup, apply_session const& session,
                           bool binary) {
    sql::apply_rules made;
    made.binary = binary;
    made.peer_origin = session.origin_id;
    made.peer_wins_ties = setup.source.rank > setup.target.rank;
    made.peer_node = setup.source.name;
    made.own_node = setup.target.name;
    made.target_is_utf8 = session.target_is_utf8;
    made.orphans = orphan_policy_name(setup.foreign_keys);
    made.completes = !setup.source.uri.empty();
    return made;
}

io::awaitable<outcome_of<std::vector<parked_row>>> read_parked_rows(direction_setup const& setup,
                                                                    io::pg::connection& target) {
    io::pg::parameters values;
    values.emplace_back(setup.source.name);
    auto got = co_await target.query(sql::parked_rows(), std::move(values));
    if (!got) {
        co_return retry_after(setup.target.name, "reading tandem.parked", got.error());
    }
    co_return parked_rows_of(*got);
}

io::awaitable<outcome_of<parked_keys>> read_parked(direction_setup const& setup,
                                                   io::pg::connection& target) {
    auto rows = co_await read_parked_rows(setup, target);
    if (!rows) {
        co_return rows.error();
    }
    co_return keys_of(*rows);
}

} // namespace tandem::engine
