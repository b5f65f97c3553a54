#include "engine/core/open_verifications.hpp"

#include "codecs/base/assert.hpp"

#include <utility>

namespace tandem::engine {
namespace {

std::size_t bytes_of(written_rows const& rows) noexcept {
    auto all = sizeof(rows);
    for (auto const& set : rows.tables) {
        all += sizeof(set) + set.bytes();
    }
    return all;
}

} // namespace

void open_verifications::add(written_rows rows) {
    TANDEM_ASSERT(rows_.empty() || rows.end >= rows_.back().end);
    if (!rows_.empty() && rows_.back().next == 0) { // what was sent again was written before both
        auto& before = rows_.back();
        before.next = rows.first > before.first ? rows.first : rows.next;
    }
    rows.tables = merged(std::move(rows.tables));
    rows.bytes = bytes_of(rows);
    bytes_ += rows.bytes;
    rows_.push_back(std::move(rows));
}

void open_verifications::placed(lsn applied, lsn inserted) noexcept {
    for (auto at = rows_.rbegin(); at != rows_.rend() && !at->passed; ++at) {
        if (at->end <= applied) {
            at->passed = inserted;
        }
    }
}

written_rows* open_verifications::due(lsn decoded) noexcept {
    bool const passed = !rows_.empty() && rows_.front().passed && rows_.front().passed <= decoded;
    return passed ? &rows_.front() : nullptr;
}

void open_verifications::close() {
    TANDEM_ASSERT(!rows_.empty());
    verified_ = rows_.front().end;
    bytes_ -= rows_.front().bytes;
    rows_.pop_front();
}

void open_verifications::forget_beyond(lsn applied) {
    while (!rows_.empty() && rows_.back().end > applied) {
        bytes_ -= rows_.back().bytes;
        rows_.pop_back();
    }
}

lsn open_verifications::waits_for() const noexcept {
    return rows_.empty() ? lsn{} : rows_.front().passed;
}

} // namespace tandem::engine
