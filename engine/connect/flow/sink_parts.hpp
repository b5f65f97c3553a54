#pragma once
// What one start of a sink holds, for its own sources only.

#include "engine/connect/flow/dead_letters.hpp"
#include "engine/connect/flow/sink_task.hpp"
#include "engine/connect/sink_records.hpp"
#include "engine/connect/source_records.hpp"
#include "engine/flow/foreign_tables.hpp"
#include "engine/transform/java_regex.hpp"
#include "io/kafka/admin.hpp"
#include "io/pg/connection.hpp"

#include <chrono>
#include <set>
#include <string>

namespace tandem::connect {

struct sink_task::topic_rows {
    topic_rows(engine::foreign_format envelope, engine::foreign_format row)
        : envelopes{std::move(envelope)}, rows{std::move(row)} {}

    engine::foreign_rows envelopes;
    engine::foreign_rows rows;
    bool has_envelopes = false;
};

struct sink_task::parts {
    using partition = std::pair<std::string, std::int32_t>;
    struct place {
        std::int64_t next = 0; // offset
        std::string
            source; // of the last record with a position, see record_position; empty: there was none
        event::stream_position at;

        // Read before: a source of ours that was killed may write again what it does not know to be there.
        [[nodiscard]] bool has(record_position const& of) const noexcept {
            return source == of.source && of.at <= at;
        }
    };
    struct known_table {
        engine::foreign_table const* foreign = nullptr;
        std::unique_ptr<sink_table> table;
    };

    explicit parts(insert_mode mode) : batch{mode} {}
    // For topics that were made meanwhile.
    [[nodiscard]] bool is_time_to_look() const;

    std::unique_ptr<io::pg::connection> target;
    std::unique_ptr<io::pg::connection> catalog;
    std::unique_ptr<io::kafka::admin> cluster;
    std::unique_ptr<io::kafka::consumer> log;
    std::unique_ptr<engine::foreign_tables> shapes;
    std::optional<java_regex> pattern;
    std::map<partition, place> places; // as far as it was read
    std::set<partition> moved;         // of these it is not stored
    std::set<partition> assigned;
    bool has_looked = false; // for topics to begin at their ends
    std::map<std::string, std::unique_ptr<topic_rows>, std::less<>> topics;
    std::map<std::pair<std::string, std::string>, known_table> tables;
    sink_batch batch;
    arena bytes;                           // of the batch
    std::unique_ptr<sink_records> records; // by way of Connect's values
    std::unique_ptr<dead_letters> letters;
    std::optional<record_fault> fault; // of the record in hand alone
    std::vector<io::kafka::header> headers;
    std::vector<fetched_form::header> header_views;
    std::string key_room;
    std::string value_room;
    bool stopping = false;
    std::chrono::steady_clock::time_point looked_at{};
};

} // namespace tandem::connect
