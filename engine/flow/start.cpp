#include "engine/flow/start.hpp"

#include "engine/core/names.hpp"
#include "engine/flow/incarnation.hpp"
#include "engine/flow/sessions.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace tandem::engine {
namespace {

using io::awaitable;
using io::pg::connection;
using io::pg::parameters;
using io::pg::rows;

lsn lsn_of(rows const& from, int column) {
    return lsn::parse(from.text(0, column)).value_or(lsn{});
}

std::vector<std::string> words(std::string_view text) {
    std::istringstream in{std::string{text}};
    return {std::istream_iterator<std::string>{in}, {}};
}

// Ends what `sql` finds and waits until it finds nothing: `sql` returns one row per backend that it
// has told to end.
awaitable<outcome_of<void>> end_backends(connection& link, std::string node, std::string sql,
                                         std::string argument) {
    io::asio::steady_timer pause{co_await io::asio::this_coro::executor};
    for (int left = 100; left > 0; --left) {
        parameters values;
        values.emplace_back(argument);
        auto asked = co_await link.query(sql, std::move(values));
        if (!asked) {
            co_return retry_after(node, "ending the session of an earlier start", asked.error());
        }
        if (asked->empty()) {
            co_return boost::system::in_place_value;
        }
        pause.expires_after(std::chrono::milliseconds{50});
        auto const [cancelled] = co_await pause.async_wait(io::use_tuple);
        if (cancelled) {
            break;
        }
    }
    co_return failure{next_step::retry,
                      fmt::format("node {}: the session of an earlier start does not end", node)};
}

constexpr char const* take_epoch =
    "UPDATE tandem.progress SET epoch = epoch + 1, owner = $2 WHERE stream = $1 AND lane = 0 "
    "AND (epoch = $3 OR ($3 IS NULL AND owner = $2)) RETURNING epoch, applied_lsn, safe_lsn, "
    "applied_xid, (extract(epoch FROM applied_at) * 1000000)::bigint, start_lsn, system_id, "
    "timeline, incarnation, next_incarnation, array_to_string(skip_lsns, ' '), log_offset, "
    "array_to_string(source_tokens, ' ')";

constexpr char const* ask_progress_epoch =
    "SELECT epoch FROM tandem.progress WHERE stream = $1 AND lane = 0";

progress_row read_progress(rows const& got) {
    progress_row row;
    row.epoch = got.integer(0, 0);
    row.facts.applied = lsn_of(got, 1);
    row.facts.safe = lsn_of(got, 2);
    row.facts.applied_xid = xid{static_cast<std::uint32_t>(got.integer(0, 3))};
    row.facts.applied_at = pg_time::from_unix_us(got.integer(0, 4));
    row.facts.start = lsn_of(got, 5);
    row.facts.system_id = std::string{got.text(0, 6)};
    row.facts.timeline = static_cast<int>(got.integer(0, 7));
    row.facts.incarnation = std::string{got.text(0, 8)};
    row.facts.next_incarnation = std::string{got.text(0, 9)};
    if (!got.null(0, 11)) {
        row.log_offset = got.integer(0, 11);
    }
    row.source_tokens = words(got.text(0, 12));
    for (std::string const& position : words(got.text(0, 10))) {
        row.skips.push_back(lsn::parse(position).value_or(lsn{}));
    }
    return row;
}

} // namespace

// Whose the stream is shows in `owner`, not in the epoch alone: the reply to an update that was
// committed can get lost, and then the greater epoch is our own.
std::string const& own_token() {
    static std::string const token = new_token();
    return token;
}

io::awaitable<outcome_of<progress_row>> take_sink(direction_setup const& setup, connection& target,
                                                  std::optional<std::int64_t> held_epoch) {
    auto ended = co_await end_backends(
        target, setup.target.name,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND "
        "datname = current_database() AND pid <> pg_backend_pid()",
        apply_session_name(setup.source.name));
    if (!ended) {
        co_return ended.error();
    }
    // The first take is of the epoch that was seen: the statement of a process that was killed meanwhile, which its
    // server carries out later, must not take the stream from its successor.
    std::optional<std::string> seen;
    if (!held_epoch) {
        parameters of;
        of.emplace_back(setup.source.name);
        auto const asked = co_await target.query(ask_progress_epoch, std::move(of));
        if (!asked) {
            co_return retry_after(setup.target.name, "asking whose the stream is", asked.error());
        }
        if (asked->empty()) {
            co_return failure{next_step::gap,
                              fmt::format("node {} has no progress of stream {}: its tandem schema "
                                          "was removed; run `tandem init`",
                                          setup.target.name, setup.source.name)};
        }
        seen = asked->text(0, 0);
    }
    parameters values;
    values.emplace_back(setup.source.name);
    values.emplace_back(own_token());
    values.emplace_back(std::move(seen));
    auto const taken = co_await target.query(take_epoch, std::move(values));
    if (!taken) {
        co_return retry_after(setup.target.name, "taking the stream over", taken.error());
    }
    if (taken->empty()) {
        co_return held_epoch
            ? failure{next_step::fenced, "another tandem instance serves this direction; stop one "
                                         "of the two and start this one again"}
            : failure{next_step::retry, "another tandem instance took this direction just now"};
    }
    co_return read_progress(*taken);
}

namespace {

constexpr char const* source_state =
    "SELECT c.system_identifier, (pg_control_checkpoint()).timeline_id, "
    "pg_current_wal_flush_lsn(), (SELECT incarnation FROM tandem.meta), s.slot_name IS NOT NULL, "
    "s.confirmed_flush_lsn, to_jsonb(s) ->> 'wal_status', "
    "(SELECT setting FROM pg_settings WHERE name = 'wal_sender_timeout'), "
    "(SELECT array_to_string(tokens, ' ') FROM tandem.sending WHERE peer = $2), "
    "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = $3 AND datname = current_database()) "
    "FROM pg_control_system() AS c LEFT JOIN pg_replication_slots AS s ON s.slot_name = $1";

} // namespace

io::awaitable<outcome_of<source_facts>> take_slot(direction_setup const& setup, connection& source,
                                                  start_point& point) {
    auto const slot = slot_of(setup);
    auto ended = co_await end_backends(
        source, setup.source.name,
        "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1 "
        "AND active_pid IS NOT NULL",
        slot);
    if (!ended) {
        co_return ended.error();
    }
    parameters values;
    values.emplace_back(slot);
    values.emplace_back(setup.target.name);
    values.emplace_back(std::string{repair_session_name});
    auto got = co_await source.query(source_state, std::move(values));
    if (!got) {
        co_return retry_after(setup.source.name, "reading the slot", got.error());
    }
    source_facts facts;
    facts.system_id = std::string{got->text(0, 0)};
    facts.timeline = static_cast<int>(got->integer(0, 1));
    facts.wal_end = lsn_of(*got, 2);
    facts.incarnation = std::string{got->text(0, 3)};
    facts.slot_exists = got->boolean(0, 4);
    facts.confirmed_flush = lsn_of(*got, 5);
    facts.slot_lost = got->text(0, 6) == "lost";
    facts.slot = slot;
    facts.sent_as = words(got->text(0, 8));
    point.sender_timeout = std::chrono::milliseconds{got->integer(0, 7)};
    point.source_end = facts.wal_end;
    point.resends = got->boolean(0, 9);
    if (setup.ddl) {
        auto const token = co_await source.execute(
            "SELECT coalesce(to_jsonb(m) ->> 'ddl_token', ''), EXISTS (SELECT FROM pg_event_trigger WHERE evtname = "
            "'tandem_ddl') FROM tandem.meta AS m");
        if (!token) {
            co_return retry_after(setup.source.name, "reading tandem.meta", token.error());
        }
        point.ddl_token = token->empty() ? std::string{} : std::string{token->text(0, 0)};
        point.tells_ddl = !token->empty() && token->boolean(0, 1);
    }
    co_return facts;
}

namespace {

// What the source is now called, and a new token for it.
awaitable<outcome_of<void>> note_source(direction_setup const& setup, connection& source,
                                        connection& target, source_facts const& facts,
                                        std::int64_t epoch) {
    parameters values;
    values.emplace_back(setup.source.name);
    values.emplace_back(std::to_string(epoch));
    values.emplace_back(facts.incarnation);
    values.emplace_back(facts.system_id);
    values.emplace_back(std::to_string(facts.timeline));
    auto noted = co_await target.query(
        "UPDATE tandem.progress SET incarnation = $3, system_id = $4, timeline = $5 WHERE stream = "
        "$1 AND lane = 0 AND epoch = $2",
        std::move(values));
    if (!noted) {
        co_return retry_after(setup.target.name, "storing the source's identity", noted.error());
    }
    auto const token = new_token();
    auto const held = failure{next_step::retry, "a session holds the row of tandem.progress"};
    auto const announced = co_await announce_token(setup, target, epoch, token);
    if (!announced || !*announced) {
        co_return announced ? held : announced.error();
    }
    auto const given = co_await give_token(setup, source, token);
    if (!given) {
        co_return given;
    }
    auto const settled = co_await settle_token(setup, target, epoch);
    if (!settled || !*settled) {
        co_return settled ? held : settled.error();
    }
    co_return boost::system::in_place_value;
}

} // namespace

namespace {

awaitable<outcome_of<rows>> one_row(connection& at, std::string const& node, char const* sql,
                                    parameters values) {
    auto got = co_await at.query(sql, std::move(values));
    if (!got) {
        co_return retry_after(node, "storing what its stream begins with", got.error());
    }
    if (got->empty()) {
        co_return failure{
            next_step::gap,
            fmt::format("node {} has no progress of its peer's stream: its tandem schema was "
                        "removed; run `tandem init`",
                        node)};
    }
    co_return std::move(*got);
}

// What the streams begin with that tell what their writers had seen (R13): at the first start of either direction what one
// node had written is taken for seen by the other, which is where both streams begin.
awaitable<outcome_of<void>> prepare_seen(direction_setup const& setup, connection& source,
                                         connection& target, progress_row& row) {
    constexpr char const* now = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
    constexpr char const* newest =
        "UPDATE tandem.progress SET newest_us = coalesce(newest_us, $2) WHERE stream = $1 AND lane = 0 "
        "RETURNING newest_us, greatest(applied_lsn, start_lsn)";
    constexpr char const* seen =
        "UPDATE tandem.progress SET seen_lsn = coalesce(seen_lsn, $2), seen_us = coalesce(seen_us, $3) WHERE "
        "stream = $1 AND lane = 0 RETURNING seen_lsn, seen_us";
    parameters none;
    auto const source_now = co_await one_row(source, setup.source.name, now, none);
    if (!source_now) {
        co_return source_now.error();
    }
    auto const target_now = co_await one_row(target, setup.target.name, now, none);
    if (!target_now) {
        co_return target_now.error();
    }
    parameters here{setup.source.name, std::string{source_now->text(0, 0)}};
    auto const applied = co_await one_row(target, setup.target.name, newest, std::move(here));
    if (!applied) {
        co_return applied.error();
    }
    parameters there{setup.target.name, std::string{target_now->text(0, 0)}};
    auto const other = co_await one_row(source, setup.source.name, newest, std::move(there));
    if (!other) {
        co_return other.error();
    }
    parameters begin{setup.source.name, std::string{other->text(0, 1)},
                     std::string{other->text(0, 0)}};
    auto const known = co_await one_row(target, setup.target.name, seen, std::move(begin));
    if (!known) {
        co_return known.error();
    }
    row.newest = pg_time::from_unix_us(applied->integer(0, 0));
    row.seen = {lsn_of(*known, 0), pg_time::from_unix_us(known->integer(0, 1))};
    co_return boost::system::in_place_value;
}

} // namespace

io::awaitable<outcome_of<start_point>> take_over(direction_setup const& setup, connection& source,
                                                 connection& target,
                                                 std::optional<std::int64_t> held_epoch) {
    start_point point;
    auto row = co_await take_sink(setup, target, held_epoch);
    if (!row) {
        co_return row.error();
    }
    point.progress = *row;
    auto facts = co_await take_slot(setup, source, point);
    if (!facts) {
        co_return facts.error();
    }
    auto const decision = check_start(*facts, point.progress.facts);
    if (decision.verdict != start_verdict::go) {
        auto const step =
            decision.verdict == start_verdict::lost ? next_step::lost : next_step::gap;
        co_return failure{step, decision.reason};
    }
    auto noted = co_await note_source(setup, source, target, *facts, point.progress.epoch);
    if (!noted) {
        co_return noted.error();
    }
    if (setup.tells_seen) {
        auto const prepared = co_await prepare_seen(setup, source, target, point.progress);
        if (!prepared) {
            co_return prepared.error();
        }
    }
    point.expect_last_applied = decision.expect_last_applied;
    point.confirmed = facts->confirmed_flush;
    co_return point;
}

} // namespace tandem::engine
