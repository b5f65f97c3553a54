#pragma once
// What the end of a stream's log says of how far it goes, so that a writer that starts again need not repeat it. Pure.
//
// Only a hint: what the log lacks before it readers notice by the chain (R7), and ask for. It is of the source's own
// history when its writer's token is one of ours and the source's stream brings its last transaction, with that number
// and time (R6). Until then nothing may be confirmed.

#include "codecs/event/decode.hpp"
#include "codecs/event/headers.hpp"
#include "codecs/event/stream_notes.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tandem::engine {

struct log_tail {
    lsn end; // of the last whole transaction; it has a change, or says so itself
    event::commit_note made;
    std::string token; // of its source, by the last writer's start; empty: that is further back

    friend bool operator==(log_tail const&, log_tail const&) = default;
};

// One per look; takes records at the log's end, in its order.
class log_tail_finder {
public:
    explicit log_tail_finder(std::string node) : node_{std::move(node)} {}

    // `value`: any bytes; none: null.
    void take(std::span<event::record_header const> headers, std::optional<std::string_view> value);
    [[nodiscard]] std::optional<log_tail> found() const;
    // The greatest position of the stream's that was seen; none: no record of it.
    [[nodiscard]] std::optional<event::stream_position> const& reached() const noexcept {
        return reached_;
    }
    // Of the last writer; none: its start is further back, or there is no record of the stream.
    [[nodiscard]] std::optional<event::start_note> const& writer() const noexcept {
        return writer_;
    }
    // Of all records of the stream that were seen, the greatest; -1: none was.
    [[nodiscard]] std::int64_t epoch() const noexcept { return epoch_; }

private:
    [[nodiscard]] std::optional<event::commit_note> made_by(event::record_headers const& headers,
                                                            std::optional<std::string_view> value);

    std::string node_;
    std::optional<log_tail> found_; // but for its token
    std::optional<event::start_note> writer_;
    std::int64_t epoch_ = -1;
    std::optional<event::stream_position> reached_;
    event::event_decoder decoder_;
    event::event_view event_;
    event::field_names names_;
    arena strings_;
    std::string room_;
};

// Follows the source's stream past the end of the log.
class tail_guard {
public:
    explicit tail_guard(std::optional<log_tail> tail) noexcept : tail_{tail} {}

    // It is in the log.
    [[nodiscard]] bool has(event::stream_position at) const noexcept {
        return tail_ && at <= event::stream_position{tail_->end, 0};
    }
    // For every transaction with changes, at its begin and its end. False: the log is of another history.
    [[nodiscard]] bool begins(lsn final_lsn) const noexcept {
        return !pending() || final_lsn < tail_->end;
    }
    [[nodiscard]] bool ends(lsn end, event::commit_note const& made) noexcept {
        if (!pending() || end < tail_->end) {
            return true;
        }
        passed_ = end == tail_->end && made == tail_->made;
        return passed_;
    }

    // The stream has not brought its last transaction yet.
    [[nodiscard]] bool pending() const noexcept { return tail_ && !passed_; }

private:
    std::optional<log_tail> tail_;
    bool passed_ = false;
};

} // namespace tandem::engine
