#pragma once
// Writes the window's transactions to a stream's topic and follows what the brokers acknowledge.

#include "codecs/base/arena.hpp"
#include "codecs/event/stream_notes.hpp"
#include "engine/core/change_records.hpp"
#include "engine/core/log_tail.hpp"
#include "engine/flow/direction_link.hpp"
#include "engine/flow/failure.hpp"
#include "engine/flow/kafka_setup.hpp"
#include "io/kafka/producer.hpp"
#include "io/runtime/awaitable.hpp"
#include "io/runtime/event.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace tandem::engine {

// Where the records of a stream go.
struct record_places {
    struct place {
        io::kafka::producer::topic* topic;
        std::int32_t partition = 0;
    };
    place own;
    std::vector<place> rows; // by row_layout's numbers
};

// One per start of a stream. run() and reports() are two members of its group: the first encodes and queues, the second
// takes what the brokers answer.
class log_writer {
public:
    log_writer(io::asio::any_io_executor const& executor, direction_link& link,
               io::kafka::producer& sink, record_places places, change_records records,
               event::start_note start, std::optional<log_tail> tail);

    [[nodiscard]] io::awaitable<failure> run();
    [[nodiscard]] io::awaitable<failure> reports();

    // With nothing else to write, a record that covers everything up to there.
    void mark(lsn idle);
    // The head of a segment even so: a reader in another log, or behind another writer's records, learns of us by it.
    void remind();
    // A reader asked where the stream begins: every start says so from here on, the next one at once.
    void answer(std::string reader);
    // What is on its way is waited for, a while.
    void stop();
    // No row that is written from now on lies before that offset: of start_note::rows, by number.
    void rows_from(std::size_t number, std::int64_t offset);
    // The log's tail is of another history than what is to be written.
    [[nodiscard]] bool refuses_tail() const noexcept { return refuses_tail_; }
    // Whether it is, is not known yet: nothing may be confirmed.
    [[nodiscard]] bool tail_pending() const noexcept { return tail_.pending(); }
    [[nodiscard]] failure other_history();
    // Everything up to here is acknowledged by all in-sync replicas: commit ends and marks.
    [[nodiscard]] lsn acknowledged() const noexcept { return acknowledged_; }

private:
    using voided = outcome_of<void>;

    // Records that are acknowledged together, with their bytes.
    struct batch {
        arena bytes;
        io::kafka::unsettled settled;
        std::size_t size = 0; // of its records
        std::size_t held = 0; // with what lies empty
        lsn end;              // the last commit end or mark in it
    };

    [[nodiscard]] io::awaitable<voided> write(change_window::step step);
    [[nodiscard]] io::awaitable<voided> write_start();
    [[nodiscard]] io::awaitable<voided> write_position(lsn at);
    [[nodiscard]] io::awaitable<voided> write_commit(lsn end);
    [[nodiscard]] io::awaitable<voided> write_index();
    void send_now();
    [[nodiscard]] bool on_the_way() const noexcept;
    [[nodiscard]] bool may_take() const noexcept;
    [[nodiscard]] bool room_for_more() const noexcept;
    [[nodiscard]] io::awaitable<void> finish();
    [[nodiscard]] io::awaitable<voided> write_idle();
    // A change is encoded and its records queued as far as there is room, without a coroutine. True: all of them.
    [[nodiscard]] outcome_of<bool> make(change_window::step const& step);
    [[nodiscard]] outcome_of<bool> queue();
    [[nodiscard]] outcome_of<bool> queue_one(stream_record const& one, batch& into);
    [[nodiscard]] io::awaitable<voided> queue_rest();
    // That, and the index if it is due.
    [[nodiscard]] io::awaitable<voided> write_rest();
    [[nodiscard]] io::awaitable<voided> put(std::span<stream_record const> records);
    [[nodiscard]] batch& filling();
    [[nodiscard]] lsn end_behind();
    void ends_at(lsn end);
    void settle();

    direction_link& link_;
    io::kafka::producer& sink_;
    record_places const places_;
    change_records records_;
    event::start_note start_;
    tail_guard tail_;
    std::deque<std::unique_ptr<batch>> batches_; // the last one may take more
    std::unique_ptr<batch> spare_;               // for its memory
    io::event room_;
    std::span<stream_record const> left_;    // to be queued, of records_
    std::vector<io::kafka::header> headers_; // of one record
    std::optional<event::event_time> now_;   // of the batch
    std::size_t segment_bytes_ = 0;          // since its head
    std::size_t index_bytes_ = 0;            // of rows since the last index
    std::size_t on_their_way_ = 0;           // held by batches_
    std::size_t const unsent_most_;          // keys and values that the client may hold
    lsn previous_commit_;
    lsn ended_at_;      // the last transaction's end, when its last record says so
    lsn uncovered_end_; // the last transaction's, while an index is still to cover its rows
    lsn marked_;
    std::optional<lsn> mark_;
    lsn acknowledged_;
    bool inside_ = false;
    bool refuses_tail_ = false;
    bool remind_ = false;
    bool lingers_ = false;  // what was put waits for company
    bool hastened_ = false; // what is on the way was sent without waiting for any
    bool putting_ = false;  // the last batch holds bytes that are still to be queued
};

} // namespace tandem::engine
