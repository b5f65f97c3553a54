#pragma once
// The messages of PostgreSQL's pgoutput plugin as views.
//
// Every view points into the buffer handed to decode() and is valid as long as that buffer is.
// decode() has checked every length, so walking a view cannot leave the buffer.
// Protocol: https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html

#include "codecs/base/lsn.hpp"
#include "codecs/base/result.hpp"

#include <cstdint>
#include <string_view>
#include <variant>

namespace tandem::pgoutput {

// The tag in front of each column of a tuple.
enum class column_kind : char {
    null = 'n',
    unchanged = 'u', // a TOASTed value that the update did not touch: not sent, not null
    text = 't',      // the type's output form
    binary = 'b',    // the type's send form
};

struct column_view {
    column_kind kind = column_kind::null;
    std::string_view bytes; // empty for null and unchanged
};

// The columns of one row, in the order of their relation. Cheap to copy.
class tuple_view {
public:
    tuple_view() = default;
    tuple_view(std::uint16_t column_count, std::string_view columns) noexcept
        : columns_{columns}, column_count_{column_count} {}

    [[nodiscard]] std::uint16_t column_count() const noexcept { return column_count_; }
    [[nodiscard]] bool empty() const noexcept { return column_count_ == 0; }
    // Bytes of all columns with their tags and lengths.
    [[nodiscard]] std::string_view raw() const noexcept { return columns_; }

    // Walks the columns once: `tuple_view::cursor c{t}; while (left--) column_view v = c.next();`
    // Calling next() more than column_count() times is undefined.
    class cursor;

private:
    std::string_view columns_;
    std::uint16_t column_count_ = 0;
};

class tuple_view::cursor {
public:
    explicit cursor(tuple_view tuple) noexcept : at_{tuple.columns_.data()} {}
    [[nodiscard]] column_view next() noexcept;

private:
    char const* at_;
};

inline column_view tuple_view::cursor::next() noexcept {
    auto const kind = static_cast<column_kind>(*at_++);
    if (kind == column_kind::null || kind == column_kind::unchanged) {
        return {kind, {}};
    }
    auto const* bytes = reinterpret_cast<unsigned char const*>(at_);
    std::uint32_t const length = (std::uint32_t{bytes[0]} << 24) | (std::uint32_t{bytes[1]} << 16) |
                                 (std::uint32_t{bytes[2]} << 8) | std::uint32_t{bytes[3]};
    std::string_view const value{at_ + 4, length};
    at_ += 4 + length;
    return {kind, value};
}

// B: the start of a transaction. All messages up to C belong to it.
struct begin {
    lsn final_lsn;       // where the commit record starts (equals commit::commit_lsn)
    pg_time commit_time; // for a replayed transaction the time its origin committed
    xid transaction;
};

// C: the transaction is complete. `end_lsn` is the only position to confirm or resume from (R1).
struct commit {
    lsn commit_lsn;
    lsn end_lsn;
    pg_time commit_time;
};

// O: the transaction was replayed from elsewhere; comes right after B.
struct origin {
    lsn origin_lsn;
    std::string_view name;
};

// One column of a relation message.
struct relation_column_view {
    bool key = false; // part of the replica identity
    std::string_view name;
    oid type;
    std::int32_t type_modifier = -1;
};

// R: the shape of a relation, sent before its first change and again after each change of shape.
struct relation {
    oid id;
    std::string_view schema; // empty stands for pg_catalog
    std::string_view name;
    char replica_identity = 'd'; // d default, n nothing, f full, i index
    std::uint16_t column_count = 0;
    std::string_view columns; // encoded; walk with relation_column_cursor

    class column_cursor;
};

class relation::column_cursor {
public:
    explicit column_cursor(relation const& shape) noexcept : at_{shape.columns.data()} {}
    // At most column_count times.
    [[nodiscard]] relation_column_view next() noexcept;

private:
    char const* at_;
};

// Y: the name of a user-defined type.
struct type {
    oid id;
    std::string_view schema;
    std::string_view name;
};

struct insert {
    oid relation_id;
    tuple_view new_row;
};

// Which part of the old row an update or delete carries.
enum class old_row_kind : char {
    none = 0,
    key = 'K',  // only the replica identity's columns are set, the others are null
    full = 'O', // replica identity full
};

struct update {
    oid relation_id;
    old_row_kind old_kind = old_row_kind::none;
    tuple_view old_row; // empty when old_kind is none
    tuple_view new_row;
};

struct remove { // D: "delete" is a keyword
    oid relation_id;
    old_row_kind old_kind = old_row_kind::key;
    tuple_view old_row;
};

struct truncate {
    std::uint32_t relation_count = 0;
    bool cascade = false;
    bool restart_identity = false;
    std::string_view relation_ids; // encoded

    // index < relation_count
    [[nodiscard]] oid relation_id(std::uint32_t index) const noexcept;
};

// M: what pg_logical_emit_message() wrote. A non-transactional one arrives outside B..C.
struct logical_message {
    bool transactional = false;
    lsn position;
    std::string_view prefix;
    std::string_view content;
};

using message = std::variant<begin, commit, origin, relation, type, insert, update, remove,
                             truncate, logical_message>;

// Decodes one message of protocol version 1 and checks that it is exactly that long. No allocation.
// Errors: every codec_errc but unknown_relation and too_many_columns (those need the relations).
[[nodiscard]] result<message> decode(std::string_view bytes) noexcept;

} // namespace tandem::pgoutput
