#pragma once
// What one start of sending holds, for its own sources only.

#include "engine/connect/row_transforms.hpp"
#include "engine/core/log_tail.hpp"
#include "engine/flow/direction_link.hpp"
#include "engine/flow/record_keys.hpp"
#include "engine/flow/sending.hpp"
#include "engine/flow/start.hpp"
#include "engine/flow/stream_progress.hpp"
#include "engine/flow/stream_topics.hpp"
#include "io/kafka/admin.hpp"
#include "io/kafka/consumer.hpp"
#include "io/kafka/producer.hpp"
#include "io/pg/replication_stream.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace tandem::engine {

struct sending::parts {
    std::unique_ptr<io::pg::connection> source;
    std::unique_ptr<io::pg::connection> deletes; // of its own deletes; null: nobody needs them
    std::unique_ptr<io::kafka::admin> cluster;
    std::unique_ptr<io::kafka::producer> producer; // destroyed after what it sends, see run_parts()
    std::unique_ptr<io::kafka::consumer> progress;
    std::unique_ptr<io::pg::replication_stream> stream;
    stream_topics topics;
    record_style style;
    std::unique_ptr<connect::row_transforms> transforms; // null: none
    std::optional<log_tail> tail;                        // where it lies beyond what is confirmed
    start_point point;
    event::start_note start;
    std::string refused; // who asked for the stream last and is not its reader
};

// What the slot may let go of: what the reader has made durable, or what Kafka has acknowledged.
struct sending::confirmed_by {
    using clock = std::chrono::steady_clock;
    // While the reader stands still: soon, then ever more rarely, since each is a record and the peer may be away for days.
    static constexpr std::chrono::seconds reminder_first{3};
    static constexpr std::chrono::seconds reminder_last{30};

    lsn reader;
    lsn durable;
    bool missing = false; // the reader asks for what Kafka has lost
    std::string asks;     // a reader that wants to know where the stream begins
    bool doubted = false; // something was told that cannot be
    clock::time_point moved_at = clock::now();
    clock::duration reminder = reminder_first;

    // `sent`: how far the source has come, beyond which no reader has anything.
    void hear(stream_progress const& told, lsn sent) {
        missing = missing || told.again;
        doubted = doubted || told.durable > sent;
        if (told.durable > reader && told.durable <= sent) {
            reader = told.durable;
            moved_at = clock::now();
            reminder = reminder_first;
        }
    }
    void pass_on(direction_link& link, lsn reached) {
        lsn const commit = std::min(reached, link.watermark.received());
        if (commit > durable) {
            durable = commit;
            link.watermark.durable(commit);
        }
        if (reached > commit) {
            link.watermark.stored_safe(reached);
        }
    }
    [[nodiscard]] bool remind(lsn sent, clock::time_point now) {
        if (reader >= sent || now - moved_at < reminder) {
            return false;
        }
        moved_at = now;
        reminder = std::min<clock::duration>(2 * reminder, reminder_last);
        return true;
    }
};

} // namespace tandem::engine
