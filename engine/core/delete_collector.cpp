#include "engine/core/delete_collector.hpp"

#include <algorithm>

namespace tandem::engine {

void delete_collector::add(change const& what, pgoutput::relation_ptr const& shape) {
    bool const may_move =
        what.kind == change_kind::update && what.old_kind != pgoutput::old_row_kind::none;
    if (what.kind != change_kind::remove && !may_move) {
        return;
    }
    auto made = what;
    if (kept_ == nullptr) {
        kept_ = std::make_unique<change_batch>();
    }
    auto const before = kept_->rows.capacity();
    made.old_row = kept(what.old_row, kept_->rows);
    made.new_row = kept(what.new_row, kept_->rows);
    kept_->bytes += kept_->rows.capacity() - before;
    if (std::ranges::find(kept_->shapes, shape) == kept_->shapes.end()) {
        kept_->shapes.push_back(shape);
    }
    made.shape = shape.get();
    append(made);
}

void delete_collector::add(truncation const& what) {
    if (kept_ == nullptr) {
        kept_ = std::make_unique<change_batch>();
    }
    kept_->truncations.push_back(what);
    change made;
    made.kind = change_kind::truncate;
    made.truncated = &kept_->truncations.back();
    append(made);
}

void delete_collector::append(change made) {
    auto& pieces = kept_->pieces;
    if (pieces.empty() || pieces.back().header.final_lsn != current_.final_lsn) {
        transaction_piece piece;
        piece.header = current_;
        piece.first = static_cast<std::uint32_t>(kept_->changes.size());
        pieces.push_back(piece);
    }
    ++pieces.back().count;
    kept_->changes.push_back(made);
    kept_->bytes += change_overhead;
}

} // namespace tandem::engine
