#pragma once
// Reads a source's stream: frames, messages, and transactions that come in blocks while they are open.

#include "codecs/pgoutput/decoder.hpp"
#include "engine/connect/row_transforms.hpp"
#include "engine/core/start_check.hpp"
#include "engine/flow/direction_link.hpp"
#include "engine/flow/failure.hpp"
#include "engine/flow/streamed_transactions.hpp"
#include "engine/flow/window_writer.hpp"
#include "io/pg/replication_stream.hpp"
#include "io/runtime/awaitable.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace tandem::engine {

// One per start of a stream. Stops reading while the window is full (the server then waits in its
// send, kept alive by the feedback loop's status updates).
class capture {
public:
    // `transforms`: null, there are none; it lives as long as this.
    capture(direction_link& link, io::pg::replication_stream& stream, resume_guard resume,
            connect::row_transforms* transforms);

    // Ends only with a failure; cancelled when another member of the direction ends.
    [[nodiscard]] io::awaitable<failure> run();

private:
    using step = window_writer::step;
    using next = io::pg::replication_stream::next;

    // One message from where they come from now. `size` is what it counts towards a turn.
    [[nodiscard]] next take_next(std::size_t& size, step& failed);
    step replay_next(std::size_t& size);

    step take(io::pg::copy_message message);
    // Room in the window and for deletes, or what is waited for is read without it.
    [[nodiscard]] io::awaitable<void> make_room();
    [[nodiscard]] bool urged() const noexcept;
    [[nodiscard]] bool scanned() const noexcept;
    step keepalive(replication::keepalive const& alive);
    step decoded(pgoutput::message const& message, pgoutput::decoder const& in,
                 io::pg::copy_message* owner);
    step row(change made, pgoutput::relation_ptr const& shape, io::pg::copy_message* owner);
    step relation(pgoutput::relation const& described, pgoutput::decoder const& in);
    [[nodiscard]] std::optional<seen_of_target> told_by(
        pgoutput::tuple_view row, pgoutput::relation_shape const& shape) const;
    step in_block(pgoutput::message const& message, std::string_view bytes, xid transaction);
    step stream_ends(pgoutput::stream_commit const& committed);
    [[nodiscard]] failure broken(std::string const& what) const;
    void report_drift(pgoutput::relation_ptr const& shape);
    step ddl_row(change const& made, pgoutput::relation_shape const& shape);
    void follow_schemas(std::string_view told);
    [[nodiscard]] failure no_spool(boost::system::error_code const& why) const;

    direction_link& link_;
    pg_time heard_; // when the server sent what came last
    io::pg::replication_stream& stream_;
    pgoutput::decoder decoder_;
    window_writer writer_;
    connect::row_transforms* transforms_;
    streamed_transactions streamed_;
    std::optional<streamed_replay> replay_; // of a streamed transaction that has committed
    pgoutput::commit replay_end_;
    lsn at_;                                                 // start of the frame being decoded
    std::map<std::uint32_t, seen_of_target> told_in_blocks_; // by the transactions that are open
    oid marks_;     // the relation whose rows tell what was applied here; 0: not published
    oid ddl_queue_; // ... of DDL, where messages cannot
    std::map<std::uint32_t, pgoutput::relation_ptr> described_; // of a source that tells no DDL
};

} // namespace tandem::engine
