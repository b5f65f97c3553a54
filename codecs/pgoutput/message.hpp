#pragma once
// The messages of PostgreSQL's pgoutput plugin as views.
//
// Every view points into the buffer handed to decode() and is valid as long as that buffer is.
// decode() has checked every length, so walking a view cannot leave the buffer.
// Protocol: https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html

#include "codecs/base/lsn.hpp"
#include "codecs/base/result.hpp"
#include "codecs/pgoutput/transaction.hpp"
#include "codecs/pgoutput/tuple.hpp"

#include <cstdint>
#include <string_view>
#include <variant>

namespace tandem::pgoutput {

// One column of a relation message.
struct relation_column_view {
    bool key = false; // part of the replica identity
    std::string_view name;
    oid type;
    std::int32_t type_modifier = -1;
};

// R: the shape of a relation, sent before its first change and again after each change of shape.
struct relation {
    xid streamed; // see insert::streamed
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
    xid streamed;
    oid id;
    std::string_view schema;
    std::string_view name;
};

struct insert {
    xid streamed; // inside a block S..E the (sub)transaction that did it; otherwise 0
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
    xid streamed;
    oid relation_id;
    old_row_kind old_kind = old_row_kind::none;
    tuple_view old_row; // empty when old_kind is none
    tuple_view new_row;
};

struct remove { // D: "delete" is a keyword
    xid streamed;
    oid relation_id;
    old_row_kind old_kind = old_row_kind::key;
    tuple_view old_row;
};

struct truncate {
    xid streamed;
    std::uint32_t relation_count = 0;
    bool cascade = false;
    bool restart_identity = false;
    std::string_view relation_ids; // encoded

    // index < relation_count
    [[nodiscard]] oid relation_id(std::uint32_t index) const noexcept;
};

// M: what pg_logical_emit_message() wrote. A non-transactional one arrives outside B..C.
struct logical_message {
    xid streamed;
    bool transactional = false;
    lsn position;
    std::string_view prefix;
    std::string_view content;
};

using message =
    std::variant<insert, update, remove, begin, commit, relation, truncate, type, origin,
                 logical_message, stream_start, stream_stop, stream_commit, stream_abort,
                 begin_prepare, prepare, commit_prepared, rollback_prepared, stream_prepare>;

// Where a message stands: inside a block S..E most carry a transaction in front.
enum class within : bool { transaction, stream_block };

// Decodes one message of protocol 1 to 4 and checks that it is exactly that long. No allocation.
// Errors: those that need no other message; the rest is the decoder's (decoder.hpp).
[[nodiscard]] result<message> decode(std::string_view bytes,
                                     within where = within::transaction) noexcept;

} // namespace tandem::pgoutput
