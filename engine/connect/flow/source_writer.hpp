#pragma once
// Writes the window's transactions as a connector's records and follows what the brokers acknowledge.

#include "codecs/base/arena.hpp"
#include "engine/connect/flow/chunk_reader.hpp"
#include "engine/connect/flow/source_catalog.hpp"
#include "engine/connect/flow/source_snapshot.hpp"
#include "engine/connect/flow/source_topics.hpp"
#include "engine/connect/source_records.hpp"
#include "engine/connect/source_transforms.hpp"
#include "engine/flow/direction_link.hpp"
#include "engine/flow/failure.hpp"
#include "io/kafka/producer.hpp"
#include "io/runtime/awaitable.hpp"
#include "io/runtime/event.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace tandem::connect {

// One per start. run() and reports() are two members of its group: the first encodes and queues, the second takes what
// the brokers answer.
class source_writer {
public:
    struct parts {
        engine::direction_link& link;
        source_settings const& settings;
        source_catalog& catalog;
        io::kafka::producer& sink;
        source_topics& topics;
        std::string_view source;       // record_position::source
        source_snapshot* before;       // whose rows come first; null: none
        chunk_reader* chunks;          // null: nobody can ask for a snapshot meanwhile
        source_transforms* transforms; // null: records go as they are encoded
    };

    source_writer(io::asio::any_io_executor const& executor, parts with, std::string version,
                  lsn confirmed);

    [[nodiscard]] io::awaitable<engine::failure> run();
    [[nodiscard]] io::awaitable<engine::failure> reports();
    // What is on its way is waited for, a while.
    void stop();
    // With nothing else to write, a heartbeat.
    void beat() noexcept;

    // Everything up to here is acknowledged by all in-sync replicas: commit ends.
    [[nodiscard]] lsn acknowledged() const noexcept { return acknowledged_; }
    // The rows of the snapshot are not all acknowledged: nothing may be confirmed, and nothing remembered.
    [[nodiscard]] bool reading() const noexcept { return with_.before != nullptr; }
    // What chunks are left, as of what is acknowledged.
    [[nodiscard]] chunk_reader::kept_state const& kept_state() const noexcept { return kept_; }
    // Names of topics that were written to since the last call.
    [[nodiscard]] std::vector<std::string> used_topics();

private:
    using voided = engine::outcome_of<void>;

    // Records that are acknowledged together, with their bytes.
    struct batch {
        arena bytes;
        io::kafka::unsettled settled;
        std::size_t size = 0;                          // of its records
        lsn end;                                       // the last commit end in it
        std::optional<chunk_reader::kept_state> state; // as of its records
    };
    struct table {
        source_table what;
        open_topic const* to = nullptr; // of captured ones
    };

    // A row of a table that is known is encoded and queued without a coroutine, as far as there is room.
    enum class progress : std::uint8_t {
        done,
        unknown, // its table has to be prepared, or its transaction begun
        full,    // left_ is still to be queued
    };
    [[nodiscard]] engine::outcome_of<progress> make(engine::change_window::step const& step);
    [[nodiscard]] io::awaitable<voided> write(engine::change_window::step step);
    [[nodiscard]] io::awaitable<voided> write_change(engine::change_window::step step);
    [[nodiscard]] io::awaitable<voided> write_truncate(engine::change_window::step step);
    [[nodiscard]] io::awaitable<voided> write_heartbeat();
    [[nodiscard]] io::awaitable<voided> write_snapshot();
    [[nodiscard]] io::awaitable<voided> write_rows(pgoutput::relation_ptr shape, bool first,
                                                   bool last);
    [[nodiscard]] engine::outcome_of<bool> write_row(table const& of, std::string_view which,
                                                     pgoutput::tuple_view row);
    // Of an incremental snapshot: a change that its chunks have to know of, or a signal.
    void note(engine::change const& what, source_table const& of);
    // A chunk that the stream has passed, and what there is to tell.
    [[nodiscard]] io::awaitable<voided> write_chunks(lsn reached);
    [[nodiscard]] io::awaitable<voided> write_chunk(chunk_reader::chunk rows);
    [[nodiscard]] io::awaitable<voided> write_news();
    void keep_state();
    [[nodiscard]] io::awaitable<void> wait_for_more();
    // Known already, without waiting; null: it has to be prepared.
    [[nodiscard]] table* known(pgoutput::relation_shape const* shape);
    [[nodiscard]] io::awaitable<engine::outcome_of<table*>> prepare(pgoutput::relation_ptr shape);
    [[nodiscard]] io::awaitable<voided> put(std::span<source_record const> records);
    [[nodiscard]] io::awaitable<voided> put_rest();
    // False: there is no room now.
    [[nodiscard]] engine::outcome_of<bool> queue();
    [[nodiscard]] engine::outcome_of<bool> queue(source_record const& one, batch& into);
    // With headers_. `partition`: none, by its key.
    [[nodiscard]] engine::outcome_of<bool> queue(open_topic const& to,
                                                 std::optional<std::int32_t> partition,
                                                 event::stream_position position,
                                                 io::kafka::record what, batch& into);
    // What transformations make of left_.
    [[nodiscard]] io::awaitable<voided> put_changed();
    [[nodiscard]] io::awaitable<voided> put_changed(std::string_view topic, source_record one);
    [[nodiscard]] io::awaitable<voided> change_heartbeat();
    [[nodiscard]] batch& filling();
    [[nodiscard]] bool room_for_more() const noexcept;
    void ends_at(lsn end);
    void uses(open_topic const& topic);
    void settle();
    [[nodiscard]] io::awaitable<void> finish();

    parts with_;
    source_records records_;
    event::type_table types_;
    bool has_types_ = false;
    lsn const confirmed_;
    boost::unordered_flat_map<pgoutput::relation_shape const*, std::unique_ptr<table>> tables_;
    open_topic const* transactions_ = nullptr;
    open_topic const* heartbeats_ = nullptr;
    std::deque<std::unique_ptr<batch>> batches_; // the last one may take more
    std::unique_ptr<batch> spare_;               // for its memory
    io::event room_;
    std::span<source_record const> left_;    // to be queued, of records_
    std::vector<io::kafka::header> headers_; // of one record
    std::set<std::string> used_;
    open_topic const* last_used_ = nullptr;
    std::optional<event::event_time> now_; // of the batch
    std::size_t on_their_way_ = 0;
    std::string_view read_as_; // source.snapshot of the row before
    std::uint64_t rows_read_ = 0;
    lsn previous_commit_;
    lsn last_final_; // of the transaction before
    // Of a chunk's rows: what a topic has before them. No position says them, they are never there already.
    std::optional<event::stream_position> follows_;
    chunk_reader::kept_state kept_;
    std::uint64_t state_number_ = 0; // that was put into a batch
    open_topic const* notifications_ = nullptr;
    lsn acknowledged_;
    bool inside_ = false; // a transaction
    bool beat_ = false;
    bool putting_ = false; // the last batch holds bytes that are still to be queued
    bool lingers_ = false; // what was put waits for company
};

} // namespace tandem::connect
