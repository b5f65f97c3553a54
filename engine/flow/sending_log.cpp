// The log that a stream is sent to: what is in it already, and what its readers tell.

#include "engine/flow/incarnation.hpp"
#include "engine/flow/read_tail.hpp"
#include "engine/flow/sending_parts.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace tandem::engine {
namespace {

// Beyond what an earlier set-up left in the log: readers pass over what an older writer sent.
constexpr char const* raise_epoch =
    "UPDATE tandem.sending SET epoch = $3 WHERE peer = $1 AND owner = $2 AND epoch < $3 RETURNING epoch";

// The first that asks is the one. None: another was, or this instance was replaced.
constexpr char const* take_reader =
    "UPDATE tandem.sending SET reader = $3 WHERE peer = $1 AND owner = $2 AND (reader IS NULL OR "
    "reader = $3) RETURNING reader";

bool same_database(event::start_note const& one, event::start_note const& other) noexcept {
    return one.system_id == other.system_id &&
           (one.database_oid == other.database_oid || one.database_oid == 0);
}

} // namespace

std::function<void(std::string const&)> sending::warning() {
    return [this](std::string const& why) {
        if (stats().add_warning(why)) {
            spdlog::warn("{}: {}", name(), why);
        }
    };
}

// What is in the topic already: of this stream, of one that this database sent before it was set up anew, or of another
// database, whose readers would take ours for its own.
io::awaitable<outcome_of<void>> sending::join_log(parts& into) {
    auto& start = into.start;
    auto log =
        co_await read_tail(*into.cluster, kafka_, setup_.source.name, start.confirmed, *epoch_ - 1);
    if (!log) {
        co_return log.error();
    }
    auto const topic = stream_topic(kafka_, setup_.source.name);
    auto const is_ours = [&start](std::string const& token) {
        return std::ranges::find(start.tokens, token) != start.tokens.end();
    };
    if (log->writer && !is_ours(log->writer->tokens.back()) && log->writer->began != start.began) {
        auto const& other = *log->writer;
        if (!same_database(other, start)) {
            co_return failure{
                next_step::paused,
                fmt::format("topic {} holds the stream of database {} (oid {}) of the server with "
                            "system identifier {}, and this is database {} (oid {}) of {}: two "
                            "streams in one topic would be taken for each other; give one of them "
                            "another --topic-prefix, or delete the topics {}.* where the other is "
                            "no more",
                            topic, other.database, other.database_oid, other.system_id,
                            start.database, start.database_oid, start.system_id, kafka_.prefix)};
        }
        spdlog::info("{}: topic {} holds what node {} sent before it was set up anew: readers pass "
                     "over it",
                     name(), topic, setup_.source.name);
    }
    if (log->epoch >= *epoch_) {
        io::pg::parameters values;
        values.emplace_back(setup_.target.name);
        values.emplace_back(own_token());
        values.emplace_back(std::to_string(log->epoch + 1));
        auto const raised = co_await into.source->query(raise_epoch, std::move(values));
        if (!raised) {
            co_return retry_after(setup_.source.name, "taking the stream over", raised.error());
        }
        if (raised->empty()) {
            co_return failure{next_step::retry, "another instance takes the stream over"};
        }
        epoch_ = raised->integer(0, 0);
    }
    bool const whole = std::exchange(use_tail_, true) && !kafka_.per_table;
    auto const& tail = log->tail;
    if (whole && tail && tail->end > start.confirmed && tail->end <= start.wal_end &&
        is_ours(tail->token)) {
        into.tail = tail;
    }
    co_return boost::system::in_place_value;
}

// A reader set up at another site asks where the stream begins: the first one that does is told, now and in every start.
io::awaitable<outcome_of<bool>> sending::answer(parts& with, std::string reader) {
    if (reader == with.start.answers) {
        co_return true;
    }
    io::pg::parameters values;
    values.emplace_back(setup_.target.name);
    values.emplace_back(own_token());
    values.emplace_back(reader);
    auto const taken = co_await with.source->query(take_reader, std::move(values));
    if (!taken) {
        co_return retry_after(setup_.source.name, "noting who reads the stream", taken.error());
    }
    if (!taken->empty()) {
        with.start.answers = reader;
        co_return true;
    }
    if (std::exchange(with.refused, reader) != reader) {
        auto const why = fmt::format(
            "another set-up of node {} ({}) asks for the stream of node {}, which has its reader "
            "already: set up both anew (`tandem destroy --yes` and `tandem init` at each site), or "
            "give the other one another --topic-prefix",
            setup_.target.name, reader, setup_.source.name);
        warning()(why);
    }
    co_return false;
}

// What readers tell of this start.
outcome_of<void> sending::hear(parts& with, lsn sent, io::kafka::fetched_batch& batch,
                               confirmed_by& known) {
    with.progress->listen();
    while (with.progress->try_fetch(batch)) {
        for (auto const& failed : batch.failures()) {
            if (failed.failed.classify() != io::kafka::retry_class::transient) {
                return retry_after("reading how far the stream is applied", failed.failed);
            }
        }
        for (std::size_t at = 0; at < batch.size(); ++at) {
            auto const told = decode_progress(batch[at].value().value_or(std::string_view{}));
            if (told && told->run == with.start.run) {
                known.hear(*told, sent);
                if (told->seen.from && told->seen.applied <= sent) {
                    source_wal_.deletes.peer_said(told->seen);
                }
            } else if (told && !told->asks.empty()) {
                known.asks = told->asks;
            }
        }
    }
    if (known.missing) {
        use_tail_ = false;
        return failure{next_step::retry,
                       fmt::format("node {} misses changes that Kafka has lost: sending again",
                                   setup_.target.name)};
    }
    if (std::exchange(known.doubted, false)) {
        auto const why = fmt::format(
            "topic {} has a record that tells of a position beyond {}, where node {} is: it is none of "
            "node {}'s, and is passed over; see who else writes to that topic",
            progress_topic(kafka_, setup_.source.name), to_string(sent), setup_.source.name,
            setup_.target.name);
        warning()(why);
    }
    return boost::system::in_place_value;
}

} // namespace tandem::engine
