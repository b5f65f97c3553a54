#include "engine/flow/tombstones.hpp"

#include "codecs/sql/tombstone_statements.hpp"
#include "engine/core/key_set.hpp"
#include "engine/core/parked_keys.hpp"
#include "engine/flow/plans.hpp"
#include "io/pg/pipeline_session.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace tandem::engine {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr auto tick = 20ms;
constexpr auto drop_interval = 1s;
constexpr auto patience = 300ms; // with a server that does not say how far it has read

direction_setup of_source(direction_setup const& setup) {
    auto made = setup;
    made.target = setup.source;
    return made;
}

lsn lsn_of(io::pg::rows const& from) {
    return lsn::parse(from.text(0, 0)).value_or(lsn{});
}

// Writes tombstones through a session of its own.
class tombstone_writer {
public:
    tombstone_writer(direction_link& link, std::unique_ptr<io::pg::connection> source,
                     node_bookkeeping& bookkeeping)
        : link_{link},
          setup_{of_source(link.setup)},
          session_{std::move(source)},
          tables_{setup_, session_.link()},
          keys_{link.binary},
          bookkeeping_{bookkeeping} {
        tables_.describes_own();
    }

    // What is stored already counts.
    [[nodiscard]] io::awaitable<outcome_of<void>> begin();
    [[nodiscard]] io::awaitable<outcome_of<void>> store(change_batch const& collected);
    [[nodiscard]] io::awaitable<outcome_of<void>> store(std::vector<inversion> inversions);
    [[nodiscard]] io::awaitable<outcome_of<void>> drop(lsn until);
    // A synchronous commit, so that what was written is read.
    [[nodiscard]] io::awaitable<outcome_of<void>> flush();

private:
    using voided = outcome_of<void>;
    struct truncated {
        table_plan const* plan;
        pg_time at;
    };

    [[nodiscard]] io::awaitable<voided> resolve(std::vector<pgoutput::relation_ptr> const& shapes);
    [[nodiscard]] voided sort(change_batch const& collected);
    [[nodiscard]] voided queue(lsn position);
    [[nodiscard]] io::awaitable<voided> carry_out(voided queued);
    [[nodiscard]] voided checked(io::pg::result<void> const& done) const;
    void leave_out(table_plan const& plan);

    direction_link& link_;
    direction_setup const setup_;
    io::pg::pipeline_session session_;
    plans tables_;
    key_sets keys_;
    std::vector<truncated> truncated_;
    std::set<std::string> left_out_;
    node_bookkeeping& bookkeeping_;
};

outcome_of<void> tombstone_writer::checked(io::pg::result<void> const& done) const {
    if (!done) {
        return retry_after(setup_.source.name, "storing its deletes", done.error());
    }
    return boost::system::in_place_value;
}

io::awaitable<outcome_of<void>> tombstone_writer::begin() {
    io::pg::parameters none;
    auto const known = co_await session_.link().query(sql::newest_tombstones(), std::move(none));
    if (!known) {
        co_return retry_after(setup_.source.name, "reading its deletes", known.error());
    }
    for (int row = 0; row < known->size(); ++row) {
        bookkeeping_.deletes.noted(fmt::format("{}.{}", known->text(row, 0), known->text(row, 1)),
                                   pg_time::from_unix_us(known->integer(row, 2)));
    }
    auto const inversions = co_await session_.link().execute(sql::inversions());
    if (!inversions) {
        co_return retry_after(setup_.source.name, "reading its commit times", inversions.error());
    }
    for (int row = 0; row < inversions->size(); ++row) {
        bookkeeping_.deletes.inverted({lsn::parse(inversions->text(row, 2)).value_or(lsn{}),
                                       pg_time::from_unix_us(inversions->integer(row, 1)),
                                       static_cast<std::uint32_t>(inversions->integer(row, 0))},
                                      true);
    }
    bookkeeping_.deletes.loaded();
    co_return boost::system::in_place_value;
}

io::awaitable<outcome_of<void>> tombstone_writer::store(std::vector<inversion> inversions) {
    for (inversion const& each : inversions) {
        io::pg::parameters values;
        values.emplace_back(std::to_string(each.id));
        values.emplace_back(to_string(each.at));
        values.emplace_back(to_string(each.end));
        auto const done = co_await session_.link().query(sql::store_inversion(), std::move(values));
        if (!done) {
            co_return retry_after(setup_.source.name, "storing its commit times", done.error());
        }
    }
    co_return boost::system::in_place_value;
}

io::awaitable<outcome_of<void>> tombstone_writer::store(change_batch const& collected) {
    auto done = co_await resolve(collected.shapes);
    for (auto const& each : collected.truncations) {
        if (done) {
            done = co_await resolve(each.relations);
        }
    }
    if (done) {
        done = sort(collected);
    }
    if (!done || (keys_.empty() && truncated_.empty())) {
        co_return done;
    }
    auto entered = checked(session_.enter());
    if (!entered) {
        co_return entered;
    }
    auto const queued = queue(collected.pieces.back().header.final_lsn);
    auto stored = co_await carry_out(queued);
    if (stored) {
        stored = checked(session_.exit());
    }
    co_return stored;
}

io::awaitable<outcome_of<void>> tombstone_writer::resolve(
    std::vector<pgoutput::relation_ptr> const& shapes) {
    for (auto const& shape : shapes) {
        if (tables_.find(shape.get()) == nullptr) {
            auto made = co_await tables_.resolve(shape);
            if (!made) {
                co_return made.error();
            }
        }
    }
    co_return boost::system::in_place_value;
}

// By table.
outcome_of<void> tombstone_writer::sort(change_batch const& collected) {
    truncated_.clear();
    std::string scratch;
    for (auto const& piece : collected.pieces) {
        for (auto at = piece.first; at < piece.first + piece.count; ++at) {
            auto const& what = collected.changes[at];
            if (what.kind == change_kind::truncate) {
                for (auto const& shape : what.truncated->relations) {
                    truncated_.push_back({tables_.find(shape.get()), piece.header.commit_time});
                }
                continue;
            }
            auto const& plan = *tables_.find(what.shape);
            if (!plan.usable) {
                leave_out(plan);
            } else if (what.kind == change_kind::remove || moves_key(what, plan)) {
                if (!keys_.add(match_key_bytes(what.old_row, plan, scratch), plan,
                               piece.header.commit_time)) {
                    return failure{next_step::retry, "too many deletes in one batch"};
                }
            }
        }
    }
    return boost::system::in_place_value;
}

void tombstone_writer::leave_out(table_plan const& plan) {
    auto const table = table_name(plan);
    if (plan.on_target && left_out_.insert(table).second) {
        spdlog::warn(
            "{} -> {}: deletes of {} are not remembered, so that older rows of node {} may "
            "come back: {}",
            link_.setup.source.name, link_.setup.target.name, table, link_.setup.target.name,
            plan.why_not);
    }
}

// With where the server's WAL was before and is after.
outcome_of<void> tombstone_writer::queue(lsn position) {
    constexpr auto where = "SELECT pg_current_wal_insert_lsn()";
    auto const until = to_string(position);
    auto done = session_.send_query(where);
    if (done) {
        done = session_.send_query("BEGIN");
    }
    std::vector<io::pg::param> values;
    for (auto& set : keys_.sets()) {
        bookkeeping_.deletes.noted(set.shape().name, set.newest());
        values.clear();
        for (auto& array : set.arrays()) {
            auto const bytes = array.finish();
            values.push_back({bytes.data(), static_cast<int>(bytes.size()), true});
        }
        values.push_back({until.c_str(), 0, false});
        if (done) {
            done = session_.send_prepare("", sql::store_tombstones(set.shape().table, link_.binary),
                                         {});
        }
        if (done) {
            done = session_.send_prepared("", values);
        }
    }
    for (auto const& each : truncated_) {
        bookkeeping_.deletes.noted(table_name(*each.plan), each.at);
        auto const at = to_string(each.at);
        values = {{at.c_str(), 0, false}, {until.c_str(), 0, false}};
        if (done) {
            done = session_.send_prepare(
                "",
                sql::store_truncation({.schema = each.plan->schema,
                                       .name = each.plan->name,
                                       .v = {},
                                       .relation = each.plan->shape->id.value}),
                {});
        }
        if (done) {
            done = session_.send_prepared("", values);
        }
    }
    (void)keys_.take();
    truncated_.clear();
    for (auto const* statement : {"COMMIT", where}) {
        if (done) {
            done = session_.send_query(statement);
        }
    }
    if (done) {
        done = session_.sync();
    }
    return checked(done);
}

io::awaitable<outcome_of<void>> tombstone_writer::carry_out(voided queued) {
    if (!queued) {
        co_return queued;
    }
    auto const flushed = co_await session_.flush();
    if (!flushed) {
        co_return checked(flushed);
    }
    std::vector<lsn> at;
    std::optional<io::pg::error> failed;
    for (bool more = true; more;) {
        auto const got = co_await session_.next_result();
        if (!got) {
            co_return retry_after(setup_.source.name, "storing its deletes", got.error());
        }
        more = got->what != io::pg::outcome::kind::sync;
        if (got->what == io::pg::outcome::kind::error && !failed) {
            failed = got->why;
        } else if (got->what == io::pg::outcome::kind::rows) {
            at.push_back(lsn_of(got->data));
        }
    }
    if (failed) {
        co_return retry_after(setup_.source.name, "storing its deletes", *failed);
    }
    bookkeeping_.wal_bytes.fetch_add(at.back().value - at.front().value);
    co_return boost::system::in_place_value;
}

io::awaitable<outcome_of<void>> tombstone_writer::drop(lsn until) {
    io::pg::parameters values;
    values.emplace_back(to_string(until));
    auto const before = co_await session_.link().execute("SELECT pg_current_wal_insert_lsn()");
    if (!before) {
        co_return retry_after(setup_.source.name, "reading its WAL position", before.error());
    }
    auto const done = co_await session_.link().query(sql::drop_tombstones(), std::move(values));
    if (!done) {
        co_return retry_after(setup_.source.name, "dropping tombstones", done.error());
    }
    auto const after = co_await session_.link().execute("SELECT pg_current_wal_insert_lsn()");
    if (!after) {
        co_return retry_after(setup_.source.name, "reading its WAL position", after.error());
    }
    if (done->affected() > 0) {
        bookkeeping_.wal_bytes.fetch_add(lsn_of(*after).value - lsn_of(*before).value);
    }
    co_return boost::system::in_place_value;
}

io::awaitable<outcome_of<void>> tombstone_writer::flush() {
    auto const done = co_await session_.link().execute("SELECT txid_current()");
    if (!done) {
        co_return retry_after(setup_.source.name, "flushing its WAL", done.error());
    }
    co_return boost::system::in_place_value;
}

} // namespace

io::awaitable<outcome_of<void>> watch_deletes(direction_link& link, io::pg::connection& target,
                                              node_deletes& source, node_deletes& of_target) {
    if (link.setup.conflicts.any_guarded() && source.watched()) {
        link.source_deletes = &source;
    }
    if (!link.setup.conflicts.any_guarded() || !of_target.watched()) {
        co_return boost::system::in_place_value;
    }
    auto const number = co_await target.execute("SELECT txid_current()");
    if (!number) {
        co_return retry_after(link.setup.target.name, "asking for a transaction", number.error());
    }
    link.first_transaction = number->integer(0, 0);
    link.target_deletes = &of_target;
    co_return boost::system::in_place_value;
}

io::awaitable<failure> tombstone_loop(direction_link& link,
                                      std::unique_ptr<io::pg::connection> source,
                                      node_bookkeeping& bookkeeping, node_deletes& of_target) {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    tombstone_writer writer{link, std::move(source), bookkeeping};
    auto& deletes = bookkeeping.deletes;
    auto begun = co_await writer.begin();
    if (!begun) {
        co_return begun.error();
    }
    auto moved_at = steady::now();
    auto dropped_at = moved_at;
    lsn dropped;
    for (;;) {
        auto const collected = link.collected.take();
        auto const position = link.decoded;
        if (collected != nullptr) {
            auto stored = co_await writer.store(*collected);
            if (!stored) {
                co_return stored.error();
            }
            link.deletes_stored.notify();
            dropped = {}; // a stream that starts again stores some behind the last drop
        }
        if (auto inversions = deletes.inversions_to_store(); !inversions.empty()) {
            auto const count = inversions.size();
            auto stored = co_await writer.store(std::move(inversions));
            if (!stored) {
                co_return stored.error();
            }
            deletes.inversions_stored(count);
            dropped = {};
        }
        auto const now = steady::now();
        if (position > deletes.stored() || deletes.wanted() <= deletes.stored()) {
            moved_at = now;
            deletes.stored(position);
        } else if (now - moved_at >=
                   patience) { // it is read when it is flushed, and said when asked
            moved_at = now;
            auto flushed = co_await writer.flush();
            if (!flushed) {
                co_return flushed.error();
            }
            link.reply_wanted = true;
            link.status_wanted = true;
        }
        of_target.want(deletes.awaited()); // where this process reads it too
        auto const droppable = deletes.droppable(of_target.confirmed());
        if (droppable > dropped && now - dropped_at >= drop_interval) {
            dropped_at = now;
            dropped = droppable;
            auto done = co_await writer.drop(droppable);
            if (!done) {
                co_return done.error();
            }
        }
        timer.expires_after(tick);
        co_await timer.async_wait(io::asio::use_awaitable);
    }
}

} // namespace tandem::engine
