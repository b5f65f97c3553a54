#pragma once
// Committed transactions, message by message, into the window: echoes, duplicates, positions, batches.

#include "codecs/pgoutput/decoder.hpp"
#include "engine/core/change.hpp"
#include "engine/core/start_check.hpp"
#include "engine/flow/direction_link.hpp"
#include "engine/flow/failure.hpp"
#include "io/pg/replication_stream.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace tandem::engine {

// One per start of a stream; gets its transactions in the order of their commits.
class window_writer {
public:
    using step = std::optional<failure>; // none: go on

    window_writer(direction_link& link, resume_guard resume);

    step keepalive(lsn wal_end);
    // `end`: where it ends, when that is known already. `log_offset`: see transaction_header.
    step begin(pgoutput::begin const& begun, lsn end = {}, std::int64_t log_offset = -1);
    // The open transaction was replayed here from elsewhere.
    void origin(std::string_view name);
    // ... by us, as a row tells that goes with it (--origin-column, R13). `told`: of the stream's target.
    void marked(std::optional<seen_of_target> told);
    // Said by the open transaction: DDL, or, before its first change, whose it is.
    step message(pgoutput::logical_message const& said);
    // The open transaction is an echo, was applied before and is verified, or is passed over by hand: its changes go nowhere.
    [[nodiscard]] bool passes_over() const noexcept {
        bool const verified = link_.target_deletes == nullptr || link_.memory.again_done;
        return echo_ || (duplicate_ && verified) || skipped_ || scans_;
    }
    // From here on only deletes and positions count (R10): the rest is to be read again, in another start.
    void scan() noexcept { scans_ = link_.scanning = true; }
    [[nodiscard]] bool scans() const noexcept { return scans_; }
    // Nor are its deletes kept: it need not be read.
    [[nodiscard]] bool unread() const noexcept {
        return passes_over() && (echo_ || link_.source_deletes == nullptr);
    }
    // What it may take away, as it stands in the source; before row().
    void note(change const& what, pgoutput::relation_ptr const& shape) {
        if (link_.source_deletes != nullptr && !echo_) {
            link_.collected.add(what, shape);
        }
    }
    void count_unread(std::uint32_t changes) noexcept { index_ += changes; }
    // `owner` holds the views' bytes and may be taken over; null: they are copied, and so is `made.oversized`.
    step row(change made, pgoutput::relation_ptr const& shape, io::pg::copy_message* owner);
    step truncate(truncation what, lsn position = {});
    // What the source's event triggers tell (R18), with the token that it begins with.
    step ddl_told(std::string_view content, lsn position);
    step ddl(std::string_view told, lsn position = {});
    step commit(pgoutput::commit const& committed);

    // The open one.
    [[nodiscard]] transaction_header const& transaction() const noexcept { return current_; }
    // Between begin() and commit().
    [[nodiscard]] bool inside() const noexcept { return inside_; }

    // What has come so far, to the applier.
    void hand_over();

private:
    step check_clock(pgoutput::commit const& committed);
    void watch_order(pgoutput::commit const& committed);
    [[nodiscard]] transaction_header header_of(pgoutput::begin const& begun,
                                               std::int64_t log_offset) const;
    [[nodiscard]] bool named_to_skip(lsn end) const noexcept;
    void keep_shape(pgoutput::relation_ptr const& shape);
    void append_piece();
    void end_piece(lsn end);
    void take_back_piece();
    void append(change made);
    void show_echo();

    direction_link& link_;
    resume_guard resume_;
    std::unique_ptr<change_batch> filling_;
    transaction_header current_;
    std::uint32_t index_ = 0;          // of the next change in its transaction
    bool inside_ = false;              // between begin() and commit()
    bool replayed_ = false;            // came here from another node
    bool echo_ = false;                // ... by us (R16)
    std::int64_t echoes_since_us_ = 0; // the second whose echoes are shown to those who look on
    int echoes_shown_ = 0;
    bool duplicate_ = false;      // applied before
    bool skipped_ = false;        // `tandem skip` named it, and its end was known at its beginning
    bool may_be_skipped_ = false; // ... or may have: only its end tells
    bool scans_ = false;
    bool has_changes_ = false; // the open transaction has some in the window or in filling_
};

} // namespace tandem::engine
