#pragma once
// Which records a change becomes.

#include "codecs/event/envelope.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace tandem::event {

struct record_header {
    std::string_view name; // __debezium.newkey, __debezium.oldkey; empty: none
    std::string_view value;
};

// Bytes live in the arena that the records were made in.
struct record {
    std::optional<std::string_view>
        key; // none: the relation has no key, or the event is of a whole table
    std::optional<std::string_view> value; // none: a tombstone
    record_header header;
};

struct record_options {
    bool tombstones = true;    // tombstones.on.delete
    bool skip_truncate = true; // skipped.operations has t
    // An update that moves its row tells the old one, where it was sent in full, in its second event as well, whose op
    // is c: the key alone may not be what finds it elsewhere. Debezium does not.
    bool old_row_of_moved = false;
    bool keyed = true; // false: no record has a key, and no row moves
};

// At most three: a change of the key is the end of one row and the beginning of another.
class record_list {
public:
    [[nodiscard]] std::span<record const> all() const noexcept { return {records_.data(), size_}; }
    void add(record made) noexcept { records_[size_++] = made; }

private:
    std::array<record, 3> records_{};
    std::size_t size_ = 0;
};

// The records of one change of a row or, with operation::truncate, of its table. Errors as
// relation_events::value(). `counter`: of the change's transaction, when events say their order
// (provide.transaction.metadata); an error leaves it as it was.
[[nodiscard]] result<record_list> records_of(relation_events const& relation,
                                             relation_events::change const& made,
                                             transaction_part const& transaction,
                                             event_time const& now, record_options const& options,
                                             arena& into, transaction_counter* counter = nullptr);

} // namespace tandem::event
