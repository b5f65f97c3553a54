#include "engine/flow/log_writer.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace tandem::engine {
namespace {

constexpr std::size_t full_batch = std::size_t{1} << 20;
constexpr std::size_t begun_early = full_batch / 4; // of a transaction whose end is not here yet
constexpr std::size_t segment_most = std::size_t{16} << 20;
constexpr std::size_t index_most = std::size_t{1}
                                   << 20; // of rows that a reader has to hold for one
// Encoding reserves for the worst, six bytes for one of a value: of large ones most of a batch's memory stays empty.
constexpr std::size_t held_most = 4 * full_batch;
constexpr std::size_t way_most = std::size_t{8} << 20; // memory of what waits for the brokers
constexpr std::chrono::seconds stop_patience{5};

std::int64_t now_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

} // namespace

log_writer::log_writer(io::asio::any_io_executor const& executor, direction_link& link,
                       io::kafka::producer& sink, record_places places, change_records records,
                       event::start_note start, std::optional<log_tail> tail)
    : link_{link},
      sink_{sink},
      places_{std::move(places)},
      records_{std::move(records)},
      start_{std::move(start)},
      tail_{tail},
      room_{executor},
      unsent_most_{(places_.rows.size() + 1) * (sink.full_request() + sink.full_request() / 2)},
      previous_commit_{records_.last().at} {}

void log_writer::mark(lsn idle) {
    if (idle > marked_) {
        mark_ = idle;
        link_.arrived.notify();
    }
}

void log_writer::remind() {
    remind_ = true;
    link_.arrived.notify();
}

void log_writer::answer(std::string reader) {
    start_.answers = std::move(reader);
    remind();
}

void log_writer::rows_from(std::size_t number, std::int64_t offset) {
    start_.rows[number].offset = offset;
}

io::awaitable<failure> log_writer::run() {
    auto begun = co_await write_start();
    if (!begun) {
        co_return begun.error();
    }
    for (;;) {
        if (link_.stopping) {
            co_await finish();
            co_return failure{next_step::stopped, {}};
        }
        if (on_the_way()) {
            co_await link_.arrived.wait();
            continue;
        }
        auto const step = may_take() ? link_.window.next() : change_window::step{};
        if (step.kind == change_window::step_kind::change) {
            auto const queued = make(step);
            if (!queued) {
                co_return queued.error();
            }
            if (!*queued || index_bytes_ >= index_most) {
                auto rest = co_await write_rest();
                if (!rest) {
                    co_return rest.error();
                }
            }
            continue;
        }
        if (step.kind != change_window::step_kind::nothing) {
            auto written = co_await write(step);
            if (!written) {
                co_return written.error();
            }
            continue;
        }
        link_.window.release(link_.window.position());
        link_.tell_queue();
        link_.room.notify();
        auto idle = co_await write_index();
        if (idle) {
            idle = co_await write_idle();
        }
        if (!idle) {
            co_return idle.error();
        }
        send_now();
        co_await link_.arrived.wait();
    }
}

// At a low rate nothing waits behind the last of what is here. At a high one more is about to come: requests fill,
// since a small one costs as much as a large one.
void log_writer::send_now() {
    if (lingers_ && !link_.rushing) {
        lingers_ = false;
        hastened_ = true;
        sink_.hasten();
    }
}

// What comes while a hastened request is on its way stays in the window and goes with the next one: what librdkafka
// 2.0.2 is to send at once and may not yet (with idempotence one request of a partition is on its way) its thread waits
// for without rest.
bool log_writer::on_the_way() const noexcept {
    return hastened_ && !link_.rushing && sink_.outstanding() > 0;
}

// A transaction is begun when it is here whole, or when it is too long to wait for its end: readers can do nothing with half
// of one, and its last change then carries its end. The walsender sends it at one go, but is not always let to.
bool log_writer::may_take() const noexcept {
    return link_.window.commits_ahead() > 0 || link_.window.unfinished_bytes() >= begun_early ||
           link_.window.bytes() >= link_.setup.queue_bytes;
}

void log_writer::stop() {
    link_.stopping = true;
    link_.arrived.notify();
    room_.notify();
}

io::awaitable<void> log_writer::finish() {
    auto const until = std::chrono::steady_clock::now() + stop_patience;
    sink_.hasten();
    while (!batches_.empty()) {
        co_await room_.wait_until(until);
        if (std::chrono::steady_clock::now() >= until) {
            spdlog::warn("topic {}: {} records were not acknowledged within {} s: what is in them "
                         "is sent again at the next start",
                         places_.own.topic->name(), sink_.outstanding(), stop_patience.count());
            co_return;
        }
    }
}

// What is due while there is nothing to write.
io::awaitable<log_writer::voided> log_writer::write_idle() {
    voided done = boost::system::in_place_value;
    if (std::exchange(remind_, false)) {
        done = co_await write_start();
    }
    if (done && mark_ && !inside_) {
        marked_ = *mark_;
        mark_.reset();
        if (marked_ > records_.last().at) { // else the log tells of it
            done = co_await write_position(marked_);
        }
        if (done) {
            ends_at(marked_);
        }
    }
    co_return done;
}

// Every reader that comes to a segment's head can begin there.
io::awaitable<log_writer::voided> log_writer::write_start() {
    segment_bytes_ = 0;
    auto& into = filling();
    auto const records = records_.of_start(start_, into.bytes);
    auto done = co_await put(records);
    co_return done;
}

io::awaitable<log_writer::voided> log_writer::write_position(lsn at) {
    auto& into = filling();
    auto const records = records_.of_position(at, into.bytes);
    auto done = co_await put(records);
    co_return done;
}

io::awaitable<log_writer::voided> log_writer::write_commit(lsn end) {
    auto& into = filling();
    auto const records = records_.of_commit(end, into.bytes);
    auto done = co_await put(records);
    co_return done;
}

// What the rows since the last one need before a reader takes them.
io::awaitable<log_writer::voided> log_writer::write_index() {
    if (records_.all_covered()) {
        co_return boost::system::in_place_value;
    }
    auto& into = filling();
    auto const records = records_.of_index(into.bytes);
    auto done = co_await put(records);
    co_return done;
}

failure log_writer::other_history() {
    refuses_tail_ = true;
    return {next_step::retry,
            fmt::format("the end of topic {} is of another history than the source's: sending "
                        "everything again that is not confirmed",
                        places_.own.topic->name())};
}

// Where the transaction ends, if this is its last change and that is known already.
lsn log_writer::end_behind() {
    auto const at = link_.window.position();
    auto const following = link_.window.next();
    bool const last = following.kind == change_window::step_kind::commit;
    lsn const end = last ? following.piece->end_lsn : lsn{};
    if (following.kind != change_window::step_kind::nothing) {
        link_.window.rewind(at);
    }
    return end;
}

outcome_of<bool> log_writer::make(change_window::step const& step) {
    lsn const end = end_behind();
    if (tail_.has(records_.next_position(end))) {
        records_.pass_over();
        return true;
    }
    auto& into = filling();
    auto const made = records_.of_change(*step.what, step.batch->shapes, end, *now_, into.bytes);
    if (!made) {
        return failure{next_step::paused, made.error()};
    }
    ended_at_ = end ? end : ended_at_;
    left_ = *made;
    return queue();
}

io::awaitable<log_writer::voided> log_writer::write_rest() {
    auto done = co_await queue_rest();
    if (done && index_bytes_ >= index_most) {
        done = co_await write_index();
    }
    co_return done;
}

io::awaitable<log_writer::voided> log_writer::write(change_window::step step) {
    switch (step.kind) {
    case change_window::step_kind::nothing:
    case change_window::step_kind::change: // make()
        break;
    case change_window::step_kind::begin:
        inside_ = true;
        if (!tail_.begins(step.piece->header.final_lsn)) {
            co_return other_history();
        }
        if (segment_bytes_ >= segment_most) {
            auto begun = co_await write_start();
            if (!begun) {
                co_return begun;
            }
        }
        records_.begin(step.piece->header, previous_commit_);
        break;
    case change_window::step_kind::commit: {
        inside_ = false;
        lsn const end = step.piece->end_lsn;
        auto const& header = step.piece->header;
        if (!tail_.ends(end, {header.id, header.commit_time})) {
            co_return other_history();
        }
        if (ended_at_ != end && !tail_.has({end, 0})) {
            auto done = co_await write_commit(end);
            if (!done) {
                co_return done;
            }
        }
        previous_commit_ = end;
        if (records_.all_covered()) {
            ends_at(end);
        } else {
            uncovered_end_ = end;
        }
        link_.window.release(link_.window.position());
        link_.tell_queue();
        link_.room.notify();
        break;
    }
    }
    co_return boost::system::in_place_value;
}

// The batch that takes the next records. A batch's time is when it was begun.
log_writer::batch& log_writer::filling() {
    if (batches_.empty() || batches_.back()->size >= full_batch ||
        batches_.back()->held >= held_most) {
        batches_.push_back(spare_ ? std::move(spare_) : std::make_unique<batch>());
        now_.emplace(now_ns());
    }
    return *batches_.back();
}

// Behind the last record: its batch may be gone by now, with all of it acknowledged.
void log_writer::ends_at(lsn end) {
    lsn& of = batches_.empty() ? acknowledged_ : batches_.back()->end;
    of = std::max(of, end);
}

// One change may be larger than all that may wait. And behind the request on its way nothing waits that would be a full
// one: its thread would ask for the answer without rest, see on_the_way().
bool log_writer::room_for_more() const noexcept {
    return sink_.outstanding() == 0 ||
           (on_their_way_ < way_most && sink_.outstanding_bytes() < unsent_most_);
}

outcome_of<bool> log_writer::queue_one(stream_record const& one, batch& into) {
    auto const& to = one.partition ? places_.rows[*one.partition] : places_.own;
    if (one.bytes > records_.limit()) {
        return failure{
            next_step::retry,
            fmt::format("topic {} takes {} bytes at once (max.message.bytes), and what has to "
                        "be told of its tables {}: raise it",
                        to.topic->name(), records_.limit(), one.bytes)};
    }
    if (!room_for_more()) {
        return false;
    }
    headers_.clear();
    for (auto const& header : one.headers) {
        headers_.push_back({header.name, header.value});
    }
    io::kafka::record const what{one.key, one.value, headers_};
    switch (sink_.produce(*to.topic, to.partition, what, into.settled)) {
    case io::kafka::producer::queued::yes:
        break;
    case io::kafka::producer::queued::full:
        return false;
    case io::kafka::producer::queued::refused:
        return retry_after(fmt::format("writing to topic {}", to.topic->name()), sink_.why());
    }
    lingers_ = true;
    into.size += one.bytes;
    auto const before = std::exchange(into.held, std::max(into.size, into.bytes.capacity()));
    on_their_way_ += into.held - before;
    segment_bytes_ += one.bytes;
    index_bytes_ += one.bytes;
    return true;
}

outcome_of<bool> log_writer::queue() {
    if (left_.empty()) {
        return true;
    }
    auto& into = *batches_.back();
    while (!left_.empty()) {
        auto const queued = queue_one(left_.front(), into);
        putting_ = queued && !*queued;
        if (!queued || !*queued) {
            return queued;
        }
        left_ = left_.subspan(1);
    }
    if (records_.all_covered()) {
        index_bytes_ = 0;
        ends_at(std::exchange(uncovered_end_, {}));
    }
    return true;
}

io::awaitable<log_writer::voided> log_writer::queue_rest() {
    for (;;) {
        auto const queued = queue();
        if (!queued) {
            co_return queued.error();
        }
        if (*queued) {
            co_return boost::system::in_place_value;
        }
        if (link_.stopping) {
            co_return failure{next_step::stopped, {}};
        }
        co_await room_.wait();
    }
}

io::awaitable<log_writer::voided> log_writer::put(std::span<stream_record const> records) {
    left_ = records;
    auto done = co_await queue_rest();
    co_return done;
}

io::awaitable<failure> log_writer::reports() {
    for (;;) {
        auto served = co_await sink_.serve();
        if (!served) {
            co_return retry_after(fmt::format("writing to topic {}", places_.own.topic->name()),
                                  served.error());
        }
        settle();
    }
}

// From the front only: a batch that is acknowledged behind one that is not confirms nothing.
void log_writer::settle() {
    while (!batches_.empty() && batches_.front()->settled.settled() &&
           !(putting_ && batches_.size() == 1)) {
        auto done = std::move(batches_.front());
        batches_.pop_front();
        acknowledged_ = std::max(acknowledged_, done->end);
        on_their_way_ -= done->held;
        if (done->held < held_most) {
            done->bytes.clear();
            done->size = 0;
            done->held = 0;
            done->end = {};
            spare_ = std::move(done);
        }
    }
    hastened_ = hastened_ && sink_.outstanding() > 0;
    room_.notify(); // also when none is whole: the client's queue may be smaller than a batch
    link_.arrived.notify();
}

} // namespace tandem::engine
