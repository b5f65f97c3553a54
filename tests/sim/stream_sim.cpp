// Positions from start to start (R1, R5, R6): a direction that dies anywhere, a source and a sink that
// crash, loses nothing, applies nothing twice and sees no gap where there is none. And when an
// operator moves the slot or restores a server, it never goes on over a hole.

#include "engine/core/ack_watermark.hpp"
#include "tests/sim/model_servers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tandem::sim {
namespace {

using engine::ack_watermark;
using engine::check_start;
using engine::flush_tracker;
using engine::resume_guard;
using engine::start_verdict;

// The thin glue of engine/flow around the decisions under test; dies with the object.
class direction {
public:
    enum class state { connecting, streaming, stopped };

    direction(dice& luck, source_server& source, sink_server& sink)
        : luck_{luck}, source_{source}, sink_{sink} {}

    [[nodiscard]] state now() const { return state_; }
    [[nodiscard]] std::string const& why() const { return why_; }

    // One step of connecting or streaming. False when nothing was left to do.
    bool step() {
        switch (state_) {
        case state::connecting:
            connect();
            return true;
        case state::stopped:
            return false;
        case state::streaming:
            break;
        }
        switch (luck_.below(5)) {
        case 0:
        case 1:
            return receive();
        case 2:
            return apply();
        case 3:
            return make_durable();
        default:
            return confirm();
        }
    }

    // All of it until nothing changes.
    void drain() {
        for (int idle = 0; idle < 1'500 && state_ != state::stopped;) {
            auto const before = std::pair{source_.confirmed, sink_.rows().size()};
            step();
            sink_.flush(sink_.inserted());
            idle = before == std::pair{source_.confirmed, sink_.rows().size()} ? idle + 1 : 0;
        }
    }

private:
    void stop(std::string why) {
        state_ = state::stopped;
        why_ = std::move(why);
    }

    // engine/flow/start.cpp: fence, compare, renew the token in three commits.
    void connect() {
        switch (connecting_++) {
        case 0:
            sink_.commit(true);
            return; // epoch + 1
        case 1: {
            found_ = {"id",
                      1,
                      source_.wal_end,
                      source_.incarnation,
                      source_.slot_exists,
                      false,
                      source_.confirmed,
                      "slot",
                      {}};
            decision_ = check_start(found_, sink_.facts());
            if (decision_.verdict != start_verdict::go) {
                stop(decision_.reason);
            }
            return;
        }
        case 2:
            token_ = "token" + std::to_string(source_.wal_end.value) + "/" +
                     std::to_string(luck_.below(1'000'000));
            sink_.facts().incarnation = found_.incarnation;
            sink_.facts().next_incarnation = token_;
            sink_.facts().system_id = found_.system_id;
            sink_.facts().timeline = found_.timeline;
            sink_.commit(true);
            return;
        case 3:
            source_.incarnation = token_;
            source_.move(60);
            return;
        case 4:
            sink_.facts().incarnation = token_;
            sink_.facts().next_incarnation.clear();
            sink_.commit(true);
            return;
        default:
            break;
        }
        auto const& facts = sink_.facts();
        guard_.emplace(facts, decision_.expect_last_applied);
        mark_.emplace(facts.applied, facts.safe, found_.confirmed_flush);
        sender_.emplace(source_);
        state_ = state::streaming;
    }

    bool receive() {
        using what = walsender::event::what;
        auto const got = sender_->next(luck_, sends_echoes_);
        switch (got.kind) {
        case what::nothing:
            return false;
        case what::keepalive:
            if (inside_) {
                return true;
            }
            if (guard_->keepalive(got.wal_end) == resume_guard::verdict::gap) {
                stop(guard_->why());
                return true;
            }
            mark_->keepalive(got.wal_end);
            return true;
        case what::begin: {
            auto const verdict = guard_->begin(got.one.final_lsn);
            if (verdict == resume_guard::verdict::gap) {
                stop(guard_->why());
                return true;
            }
            inside_ = true;
            duplicate_ = verdict == resume_guard::verdict::applied_before;
            mark_->begun();
            return true;
        }
        case what::commit:
            break;
        }
        inside_ = false;
        if (duplicate_ &&
            guard_->end(got.one.end, got.one.id, got.one.at) == resume_guard::verdict::gap) {
            stop(guard_->why());
        } else if (duplicate_ || got.one.kind != record_kind::rows) {
            mark_->skipped(got.one.end);
        } else if (guard_->applies(got.one.end) == resume_guard::verdict::gap) {
            stop(guard_->why());
        } else {
            mark_->received(got.one.end);
            received_.push_back(got.one);
        }
        return true;
    }

    // One peer transaction of several source transactions.
    bool apply() {
        if (received_.empty()) {
            return false;
        }
        for (auto left = luck_.between(1, 4); left > 0 && !received_.empty(); --left) {
            auto const& one = received_.front();
            sink_.write(one.payload);
            sink_.facts().applied = one.end;
            sink_.facts().applied_xid = one.id;
            sink_.facts().applied_at = one.at;
            received_.pop_front();
        }
        sink_.commit(synchronous_);
        if (synchronous_) {
            mark_->durable(sink_.facts().applied);
        } else {
            flushes_.committed(sink_.facts().applied);
        }
        return true;
    }

    bool make_durable() {
        if (flushes_.waiting()) {
            if (auto const end =
                    flushes_.probed(flushes_.newest(), sink_.inserted(), sink_.flushed())) {
                mark_->durable(*end);
            }
            return true;
        }
        if (storing_) { // the sink's answer
            mark_->stored_safe(*storing_);
            storing_.reset();
            return true;
        }
        auto const idle = mark_->idle_position();
        if (!idle) {
            return false;
        }
        storing_ = idle;
        sink_.facts().safe = *idle;
        sink_.commit(true);
        return true;
    }

    bool confirm() {
        auto const before = source_.confirmed;
        source_.confirm(mark_->confirmable());
        return source_.confirmed != before;
    }

    dice& luck_;
    source_server& source_;
    sink_server& sink_;
    bool const sends_echoes_ = luck_.chance(50); // <= 15
    bool const synchronous_ = luck_.chance(30);
    state state_ = state::connecting;
    std::string why_;
    int connecting_ = 0;
    engine::source_facts found_;
    engine::start_decision decision_;
    std::string token_;
    std::optional<resume_guard> guard_;
    std::optional<ack_watermark> mark_;
    flush_tracker flushes_;
    std::optional<lsn> storing_; // sent to the sink as `safe`
    std::optional<walsender> sender_;
    std::deque<record> received_;
    bool inside_ = false;
    bool duplicate_ = false;
};

class world {
public:
    explicit world(std::uint64_t seed) : luck{seed} {}

    dice luck;
    source_server source;
    sink_server sink{source.confirmed};
    bool dies = true; // whether anything crashes
    std::unique_ptr<direction> run = std::make_unique<direction>(luck, source, sink);

    void restart() { run = std::make_unique<direction>(luck, source, sink); }

    // Applications, other databases, crashes; sometimes long quiet.
    void one_event() {
        now_.us += 1 + luck.below(50);
        auto const roll = luck.below(100);
        if (roll < 8) {
            source.commit(record_kind::rows, luck.of<std::uint32_t>({0, 40, 300}), now_,
                          ++payload_);
        } else if (roll < 11) {
            auto const kind = luck.chance(50) ? record_kind::echo : record_kind::empty;
            source.commit(kind, luck.of<std::uint32_t>({0, 40, 300}), now_, 0);
        } else if (roll < 14) {
            source.move(luck.of<std::uint32_t>({8, 100, 5'000}));
        } else if (roll < 16) {
            source.checkpoint();
        } else if (roll < 18) {
            auto const open = sink.inserted().value - sink.flushed().value;
            sink.flush(
                lsn{sink.flushed().value + luck.below(static_cast<std::uint32_t>(open) + 1)});
        } else if (dies && roll == 18 && luck.chance(50)) {
            restart(); // kill -9
        } else if (dies && roll == 19 && luck.chance(30)) {
            source.crash();
            restart();
        } else if (dies && roll == 20 && luck.chance(30)) {
            sink.crash();
            restart();
        } else {
            run->step();
        }
    }

    // Everything below the confirmed position must survive any crash of the sink.
    void check_confirmed() const {
        auto const owed = source.payloads(source.confirmed);
        ASSERT_GE(sink.durable_rows(), owed.size()) << "confirmed to " << source.confirmed.value;
    }

private:
    pg_time now_{1'000};
    std::uint64_t payload_ = 0;
};

void crashes_lose_nothing(std::uint64_t seed) {
    world all{seed};
    for (auto events = all.luck.between(50, 600); events > 0; --events) {
        all.one_event();
        ASSERT_NE(all.run->now(), direction::state::stopped) << all.run->why();
        all.check_confirmed();
        if (testing::Test::HasFailure()) {
            return;
        }
    }
    all.run->drain();
    ASSERT_NE(all.run->now(), direction::state::stopped) << all.run->why();
    ASSERT_EQ(all.sink.rows(), all.source.payloads(all.source.wal_end));
    ASSERT_EQ(all.source.confirmed, all.source.wal_end) << "an idle source's slot follows its WAL";
}

TEST(StreamSim, CrashesLoseNothingDoubleNothingAndAreNoGap) {
    for_seeds(15'000, crashes_lose_nothing);
}

// What an operator can do to a direction behind its back.
void operator_acts(world& all, source_server const& source_copy, sink_server const& sink_copy) {
    auto const newer =
        static_cast<std::uint32_t>(all.source.wal_end.value - all.source.confirmed.value);
    switch (all.luck.below(5)) {
    case 0:
        all.source.slot_exists = false;
        break;
    case 1:
        all.source.confirmed = all.source.wal_end;
        break; // dropped and made anew
    case 2:    // pg_replication_slot_advance
        all.source.confirmed.value += all.luck.below(newer + 1);
        break;
    case 3:
        all.source = source_copy;
        break; // restored from a file copy
    default:
        all.sink = sink_copy;
        break;
    }
    all.source.confirmed_on_disk = all.source.confirmed;
    all.restart();
}

void no_gap_is_silent(std::uint64_t seed) {
    world all{seed};
    auto const some = [&all] {
        for (auto events = all.luck.between(0, 150); events > 0; --events) {
            all.one_event();
        }
    };
    some();
    auto const source_copy = all.source;
    auto const sink_copy = all.sink;
    some();
    operator_acts(all, source_copy, sink_copy);
    // While tandem is away the applications go on.
    for (auto writes = all.luck.below(12); writes > 0; --writes) {
        all.source.commit(record_kind::rows, all.luck.of<std::uint32_t>({0, 40, 300}),
                          pg_time{1'000'000 + writes}, 1'000'000 + writes);
        all.source.move(all.luck.of<std::uint32_t>({0, 0, 100, 5'000}));
    }
    some(); // whatever dies meanwhile, one of the starts has to notice
    all.dies = false;
    all.run->drain();
    if (all.run->now() == direction::state::stopped) {
        ASSERT_FALSE(all.run->why().empty());
        return;
    }
    ASSERT_EQ(all.sink.rows(), all.source.payloads(all.source.wal_end))
        << "the direction streams on over a hole";
}

TEST(StreamSim, WhatAnOperatorBreaksIsNeverPassedOverInSilence) {
    for_seeds(20'000, no_gap_is_silent);
}

} // namespace
} // namespace tandem::sim
