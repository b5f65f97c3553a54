// Rows that are in partitions of their own (--topics per-table): an index says up to where, and their positions say in
// which order. docs/decisions/0008

#include "engine/flow/dead_letters.hpp"
#include "engine/flow/log_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tandem::engine {
namespace {

using std::chrono::steady_clock;

// Producers repeat what found no leader well within that.
constexpr std::chrono::seconds row_patience{10};

} // namespace

// From where a new writer begins; a segment of the same one goes on.
log_reader::voided log_reader::follow(event::start_note const& note) {
    // The least that a start in the log asks for: tables join from start to start.
    auto& kept = link_.memory.rows_ahead_kib;
    if (auto const ahead = ahead_kib(note.rows.size()); ahead > 0 && (kept == 0 || ahead < kept)) {
        kept = ahead;
        return failure{next_step::retry_text,
                       fmt::format("the rows of node {} are in topics of their tables",
                                   link_.setup.source.name)};
    }
    if (note.rows.empty() ? row_logs_.empty() : note.run == followed_run_) {
        return boost::system::in_place_value;
    }
    row_logs_.clear();
    for (auto const& one : note.rows) {
        row_logs_.push_back(std::make_unique<row_log>(one));
    }
    followed_run_ = note.run;
    return ask_for(fetch_next_);
}

// What of it is known need not be there any more.
log_reader::step log_reader::open_index(event::record_headers const& headers,
                                        event::index_note const& note) {
    auto const known =
        expect_last_applied_ ? headers.previous : std::max(headers.previous, chain_.last());
    for (auto const& log : row_logs_) {
        log->chain = stream_chain{known, headers.epoch};
        log->last = known;
        log->head.reset();
    }
    for (auto const& end : note.ends) {
        if (end.partition >= row_logs_.size() || end.last > headers.position) {
            return unreadable(letter_cause::bad_note,
                              fmt::format("an index of rows up to {}.{} in partition {} of {}",
                                          to_string(end.last.at), end.last.index, end.partition,
                                          row_logs_.size()));
        }
        row_logs_[end.partition]->last = std::max(known, end.last);
    }
    return std::nullopt;
}

io::awaitable<log_reader::voided> log_reader::take_index(event::record_headers headers,
                                                         event::index_note note) {
    auto ready = co_await make_room();
    if (!ready) {
        co_return ready;
    }
    if (auto const refused = open_index(headers, note)) {
        co_return *refused;
    }
    auto const since = steady_clock::now();
    bool asked = false; // once more, when patience had ended
    for (;;) {
        auto const seen = scan_rows();
        if (seen.over) {
            co_return *seen.over;
        }
        if (seen.waits == nullptr && seen.next == nullptr) {
            break;
        }
        if (seen.waits == nullptr) {
            if (auto stepped = take_row(*seen.next)) {
                co_return *stepped;
            }
            continue;
        }
        if (auto const over = over_ahead(*seen.waits, headers.epoch)) {
            co_return *over;
        }
        if (steady_clock::now() - since >= row_patience) {
            if (asked && seen.ended != nullptr) {
                co_return look_for(seen.ended->chain.last(), seen.ended->last);
            }
            if (!std::exchange(asked,
                               true)) { // an end that was heard of before says nothing of now
                if (auto again = ask_for(fetch_next_); !again) {
                    co_return again;
                }
            }
        }
        writer_.hand_over();
        auto waited = co_await source_.wait();
        if (!waited) {
            co_return retry_after(fmt::format("reading topic {}", seen.waits->what.topic),
                                  waited.error());
        }
    }
    if (chain_.last() < headers.position) {
        co_return look_for(chain_.last(), headers.position);
    }
    co_return boost::system::in_place_value;
}

log_reader::row_scan log_reader::scan_rows() {
    row_scan seen;
    for (std::size_t number = 0; number < row_logs_.size(); ++number) {
        auto& log = *row_logs_[number];
        if (!log.wanted()) {
            continue;
        }
        auto const found = look_into(number);
        if (found == row_found::gap) {
            seen.over = look_for(log.chain.last(), log.last);
            return seen;
        }
        if (found == row_found::lost_place) {
            log.what.offset = io::kafka::from_beginning;
            if (auto again = ask_for(fetch_next_); !again) {
                seen.over = again;
                return seen;
            }
        }
        if (log.failed && log.failed->code == io::kafka::errc::no_topic) {
            seen.over = look_for(log.chain.last(), log.last);
            return seen;
        }
        if (log.failed) {
            seen.over = retry_after(fmt::format("reading topic {}", log.what.topic), *log.failed);
            return seen;
        }
        if (found != row_found::row) {
            seen.waits = &log;
            seen.ended = log.at_end ? &log : seen.ended;
        } else if (seen.next == nullptr || log.head->position < seen.next->head->position) {
            seen.next = &log;
        }
    }
    return seen;
}

// Whether what comes behind the index ends the waiting for its rows.
std::optional<log_reader::voided> log_reader::over_ahead(row_log const& waits, std::int64_t epoch) {
    look_ahead();
    if (successor_waits()) {
        given_up_ = epoch;
        return voided{boost::system::in_place_value};
    }
    auto const* failed = failed_ahead();
    if (failed == nullptr) {
        return std::nullopt;
    }
    if (failed->topic == topic_) { // after_failure() sees to it, and the index comes again
        return voided{boost::system::in_place_value};
    }
    if (failed->failed.code != io::kafka::errc::no_topic) {
        return voided{retry_after(fmt::format("reading topic {}", failed->topic), failed->failed)};
    }
    return failed->topic == waits.what.topic
               ? std::optional{look_for(waits.chain.last(), waits.last)}
               : std::nullopt;
}

// Whether the partition's next record of the index is there.
log_reader::row_found log_reader::look_into(std::size_t number) {
    auto& log = *row_logs_[number];
    log.failed.reset();
    while (!log.head) {
        if (log.at >= log.batch.size()) {
            log.at = 0;
            if (!source_.try_fetch_apart(number + 1, log.batch)) {
                return row_found::nothing_yet;
            }
            ++rows_fetched_;
            if (log.batch.size() > 0) {
                log.what.offset = log.batch[log.batch.size() - 1].offset() + 1;
            }
            log.at_end = !log.batch.ends().empty();
            for (auto const& failed : log.batch.failures()) {
                if (failed.failed.code == io::kafka::errc::out_of_range) {
                    return row_found::lost_place;
                }
                if (failed.failed.classify() != io::kafka::retry_class::transient) {
                    log.failed = failed.failed;
                }
            }
            continue;
        }
        auto const record = log.batch[log.at];
        auto const read = read_headers(record);
        auto const verdict = read ? log.chain.take(*read) : stream_chain::verdict::duplicate;
        if (verdict == stream_chain::verdict::gap) {
            return row_found::gap;
        }
        if (verdict == stream_chain::verdict::next) {
            log.head = *read;
            return row_found::row;
        }
        if (verdict == stream_chain::verdict::unannounced) {
            letters_.say(record, fmt::format("the start of its writer (epoch {}) has not come yet",
                                             read->epoch));
        }
        log.pass_over();
    }
    return row_found::row;
}

log_reader::step log_reader::take_row(row_log& from) {
    auto const record = from.batch[from.at];
    auto const headers = *std::exchange(from.head, std::nullopt);
    fill_headers(record);
    reading_ = &record;
    step stepped;
    if (headers.position <= chain_.last()) {
        stepped = known_again(headers, record.value(), std::nullopt);
    } else if (!record.value() || !headers.note.empty()) {
        stepped = unreadable(letter_cause::bad_value, "a record without a row covers a position");
    } else {
        chain_.reach(headers.position);
        stepped = next(headers, record.value(), std::nullopt);
    }
    from.pass_over();
    return stepped;
}

// What comes behind the batch with the index, when there is nothing of it yet.
void log_reader::look_ahead() {
    auto& ahead = batches_[1 - current_batch_];
    if (ahead.size() == 0 && failed_ahead() == nullptr) {
        if (!ahead.ends().empty()) {
            hear_end();
        }
        static_cast<void>(fetch_into(ahead));
    }
}

// What does not pass by itself.
io::kafka::partition_event const* log_reader::failed_ahead() const {
    for (auto const& failed : batches_[1 - current_batch_].failures()) {
        if (failed.failed.classify() != io::kafka::retry_class::transient) {
            return &failed;
        }
    }
    return nullptr;
}

// A writer that was replaced can have told of rows that never came; who follows it tells them again, where it begins
// before them. Else Kafka has acknowledged them, and they are still to be fetched.
bool log_reader::successor_waits() {
    auto const& current = batches_[current_batch_];
    for (std::size_t at = batch_at_ + 1; at < current.size(); ++at) {
        if (starts_successor(current[at])) {
            return true;
        }
    }
    auto const& ahead = batches_[1 - current_batch_];
    for (std::size_t at = 0; at < ahead.size(); ++at) {
        if (starts_successor(ahead[at])) {
            return true;
        }
    }
    return false;
}

bool log_reader::starts_successor(io::kafka::fetched_record const& record) {
    fill_headers(record);
    auto const read = event::decode_headers(headers_);
    if (!read || read->stream != link_.setup.source.name || read->epoch <= chain_.epoch() ||
        read->position > chain_.last() || read->note.empty()) {
        return false;
    }
    auto const note = event::decode_note(read->note);
    return note && std::holds_alternative<event::start_note>(*note);
}

} // namespace tandem::engine
