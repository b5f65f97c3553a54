#pragma once
// Reads a stream's topic into the window: the chain of R7, the writer's history (R6), echoes (R16).

#include "codecs/base/arena.hpp"
#include "codecs/event/headers.hpp"
#include "codecs/event/stream_notes.hpp"
#include "engine/core/record_changes.hpp"
#include "engine/core/stream_chain.hpp"
#include "engine/flow/direction_link.hpp"
#include "engine/flow/failure.hpp"
#include "engine/flow/kafka_setup.hpp"
#include "engine/flow/window_writer.hpp"
#include "io/kafka/consumer.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/awaitable.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tandem::engine {

// One per start of a stream.
class log_reader {
public:
    // `notes`: a connection to the target of its own, for what the writer's starts say.
    log_reader(direction_link& link, io::kafka::consumer& source, io::pg::connection& notes,
               std::string topic);

    // From where the target's progress says; from the log's beginning where that is not there.
    [[nodiscard]] io::awaitable<failure> run(std::optional<std::int64_t> from);

    // Of the writer whose start was seen last; empty: none yet.
    [[nodiscard]] std::string const& writer() const noexcept { return run_; }
    // What is missing, when the writer has to send it again; empty: nothing.
    [[nodiscard]] std::string const& missing() const noexcept { return missing_; }
    // The end of the log was reached, at least once.
    [[nodiscard]] bool at_end() const noexcept { return at_end_; }

private:
    using step = window_writer::step;
    using voided = outcome_of<void>;

    [[nodiscard]] io::awaitable<voided> assign(std::int64_t offset);
    [[nodiscard]] io::awaitable<voided> take_all(io::kafka::fetched_batch& batch);
    [[nodiscard]] io::awaitable<voided> take(io::kafka::fetched_record record);
    [[nodiscard]] io::awaitable<voided> after_failure(io::kafka::partition_event const& failed);
    [[nodiscard]] io::awaitable<voided> start(event::record_headers const& headers,
                                              event::start_note const& note, std::int64_t offset);
    [[nodiscard]] io::awaitable<voided> store_source(event::start_note const& note);
    step next(event::record_headers const& headers, std::optional<std::string_view> value);
    step change_made(event::record_headers const& headers, recorded_change const& made);
    step truncated(event::record_headers const& headers, event::truncate_note const& note);
    step begin(event::record_headers const& headers, xid transaction, pg_time commit_time);
    step end(event::record_headers const& headers);
    step known_again(event::record_headers const& headers, std::optional<std::string_view> value);
    void put_aside(io::kafka::fetched_record const& record, std::string const& why);
    [[nodiscard]] std::string_view padded(std::string_view bytes, std::string& room);
    [[nodiscard]] std::optional<std::string_view> old_key();

    direction_link& link_;
    io::kafka::consumer& source_;
    io::pg::connection& notes_;
    std::string topic_;
    window_writer writer_;
    stream_chain chain_;
    record_changes changes_;
    arena rows_; // of one record
    std::string value_room_;
    std::string key_room_;
    std::vector<io::kafka::header> raw_;
    std::vector<event::record_header> headers_;
    std::string run_;
    std::string missing_;
    std::int64_t segment_ = -1; // offset of the head of the one being read
    std::int64_t offset_ = 0;   // of the record being read
    transaction_header current_;
    bool inside_ = false;
    bool expect_last_applied_ = false; // R6
    bool from_beginning_ = false;
    bool at_end_ = false;
};

} // namespace tandem::engine
