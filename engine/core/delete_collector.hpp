#pragma once
// A node's own deletes, updates of keys and truncates as its decoder meets them, kept until they are stored as tombstones
// (R9). Single-threaded.

#include "engine/core/change.hpp"

#include <cstddef>
#include <memory>

namespace tandem::engine {

class delete_collector {
public:
    // A transaction of the node's own: what comes up to the next begin() is of it.
    void begin(transaction_header const& header) noexcept { current_ = header; }
    // Whatever may take a key away; the bytes are copied.
    void add(change const& what, pgoutput::relation_ptr const& shape);
    void add(truncation const& what);

    // Those so far, in pieces without an end; null: none.
    [[nodiscard]] std::unique_ptr<change_batch> take() noexcept { return std::move(kept_); }
    [[nodiscard]] std::size_t bytes() const noexcept { return kept_ == nullptr ? 0 : kept_->bytes; }

private:
    void append(change made);

    transaction_header current_;
    std::unique_ptr<change_batch> kept_;
};

} // namespace tandem::engine
