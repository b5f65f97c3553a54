#pragma once
// Reads a source's stream into the window: frames, transactions, echoes, duplicates, positions.

#include "codecs/pgoutput/decoder.hpp"
#include "engine/core/change.hpp"
#include "engine/core/start_check.hpp"
#include "engine/flow/direction_link.hpp"
#include "engine/flow/failure.hpp"
#include "io/pg/replication_stream.hpp"
#include "io/runtime/awaitable.hpp"

#include <memory>
#include <optional>

namespace tandem::engine {

// One per start of a stream. Stops reading while the window is full (the server then waits in its
// send, kept alive by the feedback loop's status updates).
class capture {
public:
    capture(direction_link& link, io::pg::replication_stream& stream, resume_guard resume);

    // Ends only with a failure; cancelled when another member of the direction ends.
    [[nodiscard]] io::awaitable<failure> run();

private:
    using step = std::optional<failure>; // none: go on

    step take(io::pg::copy_message message);
    step keepalive(replication::keepalive const& alive);
    step decoded(pgoutput::message const& message, io::pg::copy_message& bytes);
    step begin(pgoutput::begin const& begun);
    step commit(pgoutput::commit const& committed);
    step check_clock(pgoutput::commit const& committed);
    step relation(pgoutput::relation const& described);
    step row(change made, io::pg::copy_message& bytes);
    step truncate(pgoutput::truncate const& truncated);
    void append_piece();
    void append(change made);
    void hand_over();
    [[nodiscard]] failure broken(std::string const& what) const;

    direction_link& link_;
    io::pg::replication_stream& stream_;
    resume_guard resume_;
    pgoutput::decoder decoder_;
    std::unique_ptr<change_batch> filling_;
    transaction_header current_;
    lsn at_;                   // start of the frame being decoded
    std::uint32_t index_ = 0;  // of the next change in its transaction
    bool replayed_ = false;    // came here from another node
    bool echo_ = false;        // ... by us (R16)
    bool duplicate_ = false;   // applied before
    bool has_changes_ = false; // the open transaction has some in the window or in filling_
};

} // namespace tandem::engine
