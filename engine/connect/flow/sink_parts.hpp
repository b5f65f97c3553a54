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
#include "io/runtime/event.hpp"

#include <chrono>
#include <set>
#include <string>

namespace tandem::connect {

struct sink_task::known_table {
    sink_table_name name;
    engine::foreign_table const* foreign = nullptr;
    std::unique_ptr<sink_table> table; // null: it is not known yet
};

struct sink_task::topic_rows {
    topic_rows(engine::foreign_format envelope, engine::foreign_format row)
        : envelopes{std::move(envelope)}, rows{std::move(row)} {}

    engine::foreign_rows envelopes;
    engine::foreign_rows rows;
    bool has_envelopes = false;
    // Where its last row went: by the names it came with.
    std::string topic;
    std::string schema;
    std::string table;
    known_table* to = nullptr;
};

struct sink_task::place {
    std::int64_t next = 0; // offset
    std::string
        source; // of the last record with a position, see record_position; empty: there was none
    event::stream_position at;
    bool moved = false; // its batch is not handed over

    // Read before: a source of ours that was killed may write again what it does not know to be there.
    [[nodiscard]] bool has(record_position const& of) const noexcept {
        return source == of.source && of.at <= at;
    }
};

using sink_partition = std::pair<std::string, std::int32_t>;

// What is written in one transaction, with how far its records reach.
struct sink_task::load {
    explicit load(insert_mode mode) : batch{mode} {}
    [[nodiscard]] bool empty() const noexcept { return places.empty() && batch.empty(); }

    sink_batch batch;
    std::vector<std::pair<sink_partition, place>> places;
};

// The record in hand.
struct sink_task::in_hand {
    std::pair<sink_partition const, place>* from = nullptr;
    topic_rows* topic = nullptr;
    std::optional<record_position> position;
    known_table* to = nullptr;
    engine::foreign_rows* plain = nullptr; // who has read it; null: sink_records
    bool removes = false;
    std::optional<record_fault> fault; // of the record alone
};

struct sink_task::parts {
    parts(io::asio::any_io_executor const& executor, insert_mode mode)
        : filling{mode}, writing{mode}, handed{executor}, idle{executor} {}
    // For topics that were made meanwhile.
    [[nodiscard]] bool is_time_to_look() const;

    std::unique_ptr<io::pg::connection> target;
    std::unique_ptr<io::pg::connection> catalog;
    std::unique_ptr<io::kafka::admin> cluster;
    std::unique_ptr<io::kafka::consumer> log;
    std::unique_ptr<engine::foreign_tables> shapes;
    std::optional<java_regex> pattern;
    std::map<sink_partition, place> places; // as far as it was read
    std::vector<std::pair<sink_partition const, place>*> moved;
    std::set<sink_partition> assigned;
    bool has_looked = false; // for topics to begin at their ends
    std::map<std::string, std::unique_ptr<topic_rows>, std::less<>> topics;
    std::map<std::pair<std::string, std::string>, known_table> tables;
    std::uint64_t last_table = 0;
    // The reader fills one load while the other is written.
    load filling;
    load writing;
    bool is_writing = false;
    io::event handed; // to the writer
    io::event idle;   // the writer is
    engine::insert_trust trust;
    std::unique_ptr<sink_records> records; // by way of Connect's values
    std::unique_ptr<dead_letters> letters;
    in_hand hand;
    sink_values values; // reused
    std::vector<io::kafka::header> headers;
    std::vector<fetched_form::header> header_views;
    std::string key_room;
    std::string value_room;
    bool stopping = false;
    std::chrono::steady_clock::time_point looked_at{};
};

} // namespace tandem::connect
