#include "engine/core/change_window.hpp"

#include "codecs/base/assert.hpp"

#include <utility>

namespace tandem::engine {

void change_window::push(std::unique_ptr<change_batch> batch) {
    TANDEM_ASSERT(batch && !batch->empty());
    bytes_ += batch->bytes;
    changes_ += batch->changes.size();
    unfinished_bytes_ += batch->bytes;
    for (auto const& piece : batch->pieces) {
        if (piece.ends) {
            ++commits_;
            unfinished_bytes_ = 0;
        }
    }
    batches_.push_back(std::move(batch));
}

change_window::step change_window::next() {
    while (!exhausted()) {
        auto const& batch = *batches_[at_.batch - first_];
        if (at_.piece == batch.pieces.size()) {
            at_ = cursor{.batch = at_.batch + 1, .commits = at_.commits};
            continue;
        }
        auto const& piece = batch.pieces[at_.piece];
        if (!at_.begun) {
            at_.begun = true;
            if (piece.starts) {
                return {step_kind::begin, &piece, nullptr, &batch};
            }
        }
        if (at_.change < piece.count) {
            auto const* what = &batch.changes[piece.first + at_.change];
            ++at_.change;
            return {step_kind::change, &piece, what, &batch};
        }
        at_ = cursor{.batch = at_.batch,
                     .piece = at_.piece + 1,
                     .commits = at_.commits + (piece.ends ? 1U : 0U)};
        if (piece.ends) {
            return {step_kind::commit, &piece, nullptr, &batch};
        }
    }
    return {};
}

bool change_window::exhausted() const noexcept {
    return at_.batch - first_ >= batches_.size();
}

bool change_window::next_is_again() const noexcept {
    for (auto number = at_.batch - first_; number < batches_.size(); ++number) {
        auto const& pieces = batches_[number]->pieces;
        auto const piece = number == at_.batch - first_ ? at_.piece : 0;
        if (piece < pieces.size()) {
            return pieces[piece].again;
        }
    }
    return false;
}

void change_window::rewind(cursor to) {
    TANDEM_ASSERT(released_ <= to && to <= at_);
    at_ = to;
    skip_freed();
}

void change_window::release(cursor until) {
    TANDEM_ASSERT(released_ <= until && until <= at_);
    released_ = until;
    while (!batches_.empty() && first_ <= until.batch) {
        auto const& pieces = batches_.front()->pieces;
        // Past the last piece, or past the last change of one that goes on in the next batch.
        bool const at_end = until.piece == pieces.size() ||
                            (until.piece + 1 == pieces.size() && !pieces.back().ends &&
                             until.begun && until.change == pieces.back().count);
        bool const whole = first_ < until.batch || at_end;
        if (!whole) {
            break;
        }
        bytes_ -= batches_.front()->bytes;
        changes_ -= batches_.front()->changes.size();
        batches_.pop_front();
        ++first_;
    }
    skip_freed();
}

// The end of a batch that is gone is the start of the next one.
void change_window::skip_freed() noexcept {
    if (at_.batch < first_) {
        at_ = cursor{.batch = first_, .commits = at_.commits};
    }
}

} // namespace tandem::engine
