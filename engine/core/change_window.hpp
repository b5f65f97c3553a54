#pragma once
// The batches between a capture and an applier, kept until what was made of them is committed.
//
// The applier reads forward, goes back to an earlier cursor after a rollback, and releases what can
// no longer be needed. Single-threaded.

#include "engine/core/change.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <span>

namespace tandem::engine {

class change_window {
public:
    // A place between two steps. Ordered; comparable across the whole life of the window.
    struct cursor {
        std::uint64_t batch = 0; // running number of the batch
        std::uint32_t piece = 0;
        std::uint32_t change = 0;  // changes of the piece already passed
        bool begun = false;        // the piece's begin step was passed
        std::uint64_t commits = 0; // commit steps passed
        friend auto operator<=>(cursor const&, cursor const&) = default;
    };

    enum class step_kind : std::uint8_t { nothing, begin, change, commit };

    // `piece` and `what` are valid until release() passes their batch.
    struct step {
        step_kind kind = step_kind::nothing;
        transaction_piece const* piece = nullptr;
        change const* what = nullptr; // step_kind::change only
        change_batch const* batch = nullptr;
    };

    void push(std::unique_ptr<change_batch> batch);

    // The next step and moves past it; `nothing` at the end. A piece that continues a transaction
    // yields no second begin.
    [[nodiscard]] step next();
    [[nodiscard]] bool exhausted() const noexcept;
    // Whether the next step is of a transaction that was applied before.
    [[nodiscard]] bool next_is_again() const noexcept;
    // Transactions whose end lies ahead of the position.
    [[nodiscard]] std::uint64_t commits_ahead() const noexcept { return commits_ - at_.commits; }
    // Bytes that came since the last batch that ended a transaction: a growing unfinished one.
    [[nodiscard]] std::size_t unfinished_bytes() const noexcept { return unfinished_bytes_; }

    [[nodiscard]] cursor position() const noexcept { return at_; }
    // Back to an earlier position that was not released.
    void rewind(cursor to);
    // Frees the batches that lie wholly before `until`.
    void release(cursor until);

    // Looks at what lies between two positions and is still held: tell(piece, changes, whether the piece ends its
    // transaction there), the changes a span of those that lie between.
    template <class Tell>
    void look(cursor from, cursor to, Tell&& tell) const;

    // Bytes of all batches held.
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
    // Changes in them.
    [[nodiscard]] std::size_t changes() const noexcept { return changes_; }

private:
    void skip_freed() noexcept;

    std::deque<std::unique_ptr<change_batch>> batches_;
    std::uint64_t first_ = 0; // running number of batches_.front()
    cursor at_;
    cursor released_;           // the furthest release()
    std::uint64_t commits_ = 0; // commit steps pushed
    std::size_t bytes_ = 0;
    std::size_t changes_ = 0;
    std::size_t unfinished_bytes_ = 0;
};

template <class Tell>
void change_window::look(cursor from, cursor to, Tell&& tell) const {
    if (from.batch < first_) { // its beginning is gone
        from = cursor{.batch = first_};
    }
    for (auto number = from.batch; number <= to.batch && number - first_ < batches_.size();
         ++number) {
        auto const& batch = *batches_[number - first_];
        auto const pieces = batch.pieces.size();
        auto const first = number == from.batch ? from.piece : 0;
        for (std::size_t at = first; at < pieces && (number < to.batch || at <= to.piece); ++at) {
            auto const& piece = batch.pieces[at];
            bool const cut = number == to.batch && at == to.piece;
            auto const begin = number == from.batch && at == from.piece ? from.change : 0;
            auto const end = cut ? to.change : piece.count;
            std::span<change const> const changes{batch.changes.data() + piece.first + begin,
                                                  end > begin ? end - begin : 0};
            tell(piece, changes, !cut && piece.ends);
        }
    }
}

} // namespace tandem::engine
