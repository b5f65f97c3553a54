#pragma once
// Writes pgoutput messages and replication frames byte by byte, for tests. It shares no code with
// the decoders, takes their structs' plain numbers, and writes whatever it is told, right or wrong:
//
//   wire::insert(16400, {wire::text("1"), wire::null(), wire::unchanged()})

#include "codecs/pgoutput/message.hpp"

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::wire {

// --- fields
// ---------------------------------------------------------------------------------------

[[nodiscard]] inline std::string number(std::uint64_t value, int size) {
    std::string bytes;
    for (int shift = (size - 1) * 8; shift >= 0; shift -= 8) {
        bytes.push_back(static_cast<char>((value >> shift) & 0xFFU));
    }
    return bytes;
}
[[nodiscard]] inline std::string u8(std::uint64_t value) {
    return number(value, 1);
}
[[nodiscard]] inline std::string u16(std::uint64_t value) {
    return number(value, 2);
}
[[nodiscard]] inline std::string u32(std::uint64_t value) {
    return number(value, 4);
}
[[nodiscard]] inline std::string u64(std::uint64_t value) {
    return number(value, 8);
}
[[nodiscard]] inline std::string i32(std::int32_t value) {
    return number(static_cast<std::uint32_t>(value), 4);
}
[[nodiscard]] inline std::string i64(std::int64_t value) {
    return number(static_cast<std::uint64_t>(value), 8);
}
[[nodiscard]] inline std::string zero_terminated(std::string_view text) {
    return std::string{text} + '\0';
}

// --- rows
// -----------------------------------------------------------------------------------------

struct column {
    char kind = 'n';
    std::string bytes;
    friend bool operator==(column const&, column const&) = default;
};
using columns = std::vector<column>;

inline std::ostream& operator<<(std::ostream& out, column const& shown) {
    return out << shown.kind << ':' << shown.bytes;
}

[[nodiscard]] inline column null() {
    return {'n', {}};
}
[[nodiscard]] inline column unchanged() {
    return {'u', {}};
}
[[nodiscard]] inline column text(std::string_view value) {
    return {'t', std::string{value}};
}
[[nodiscard]] inline column binary(std::string_view value) {
    return {'b', std::string{value}};
}

[[nodiscard]] inline std::string tuple(columns const& row) {
    std::string bytes = u16(row.size());
    for (column const& value : row) {
        bytes += value.kind;
        if (value.kind != 'n' && value.kind != 'u') {
            bytes += u32(value.bytes.size()) + value.bytes;
        }
    }
    return bytes;
}

// What a decoded row holds, in the builder's own terms.
[[nodiscard]] inline columns columns_of(pgoutput::tuple_view row) {
    columns read;
    pgoutput::tuple_view::cursor cursor{row};
    for (std::uint32_t left = row.column_count(); left > 0; --left) {
        pgoutput::column_view const value = cursor.next();
        read.push_back({static_cast<char>(value.kind), std::string{value.bytes}});
    }
    return read;
}

// --- messages
// -------------------------------------------------------------------------------------

[[nodiscard]] inline std::string begin(std::uint64_t final_lsn, std::int64_t commit_time_us,
                                       std::uint32_t transaction) {
    return 'B' + u64(final_lsn) + i64(commit_time_us) + u32(transaction);
}

[[nodiscard]] inline std::string commit(std::uint64_t commit_lsn, std::uint64_t end_lsn,
                                        std::int64_t commit_time_us) {
    return 'C' + u8(0) + u64(commit_lsn) + u64(end_lsn) + i64(commit_time_us);
}

[[nodiscard]] inline std::string origin(std::uint64_t origin_lsn, std::string_view name) {
    return 'O' + u64(origin_lsn) + zero_terminated(name);
}

struct relation_column {
    std::string name;
    std::uint32_t type = 25; // text
    bool key = false;
    std::int32_t type_modifier = -1;
};

[[nodiscard]] inline std::string relation(std::uint32_t id, std::string_view schema,
                                          std::string_view name, char replica_identity,
                                          std::vector<relation_column> const& described) {
    std::string bytes = 'R' + u32(id) + zero_terminated(schema) + zero_terminated(name);
    bytes += replica_identity + u16(described.size());
    for (relation_column const& each : described) {
        bytes += u8(each.key ? 1 : 0) + zero_terminated(each.name) + u32(each.type) +
                 i32(each.type_modifier);
    }
    return bytes;
}

[[nodiscard]] inline std::string type(std::uint32_t id, std::string_view schema,
                                      std::string_view name) {
    return 'Y' + u32(id) + zero_terminated(schema) + zero_terminated(name);
}

[[nodiscard]] inline std::string insert(std::uint32_t relation, columns const& row) {
    return 'I' + u32(relation) + 'N' + tuple(row);
}

[[nodiscard]] inline std::string update(std::uint32_t relation, columns const& row) {
    return 'U' + u32(relation) + 'N' + tuple(row);
}
// old_kind: 'K' for the key only, 'O' for the whole old row.
[[nodiscard]] inline std::string update(std::uint32_t relation, char old_kind, columns const& old,
                                        columns const& row) {
    return 'U' + u32(relation) + old_kind + tuple(old) + 'N' + tuple(row);
}

[[nodiscard]] inline std::string remove(std::uint32_t relation, char old_kind, columns const& old) {
    return 'D' + u32(relation) + old_kind + tuple(old);
}

[[nodiscard]] inline std::string truncate(std::vector<std::uint32_t> const& relations,
                                          bool cascade = false, bool restart_identity = false) {
    std::string bytes = 'T' + u32(relations.size());
    bytes += u8((cascade ? 1U : 0U) + (restart_identity ? 2U : 0U));
    for (std::uint32_t const id : relations) {
        bytes += u32(id);
    }
    return bytes;
}

[[nodiscard]] inline std::string logical_message(bool transactional, std::uint64_t position,
                                                 std::string_view prefix,
                                                 std::string_view content) {
    return 'M' + u8(transactional ? 1 : 0) + u64(position) + zero_terminated(prefix) +
           u32(content.size()) + std::string{content};
}

// The message as it stands inside a block of a streamed transaction: the (sub)transaction behind its tag.
[[nodiscard]] inline std::string streamed(std::uint32_t transaction, std::string const& message) {
    return message.substr(0, 1) + u32(transaction) + message.substr(1);
}

[[nodiscard]] inline std::string stream_start(std::uint32_t transaction, bool first_block) {
    return 'S' + u32(transaction) + u8(first_block ? 1 : 0);
}

[[nodiscard]] inline std::string stream_stop() {
    return "E";
}

[[nodiscard]] inline std::string stream_commit(std::uint32_t transaction, std::uint64_t commit_lsn,
                                               std::uint64_t end_lsn, std::int64_t commit_time_us) {
    return 'c' + u32(transaction) + u8(0) + u64(commit_lsn) + u64(end_lsn) + i64(commit_time_us);
}

[[nodiscard]] inline std::string stream_abort(std::uint32_t transaction,
                                              std::uint32_t subtransaction) {
    return 'A' + u32(transaction) + u32(subtransaction);
}

// Protocol 4 with streaming 'parallel'.
[[nodiscard]] inline std::string stream_abort(std::uint32_t transaction,
                                              std::uint32_t subtransaction, std::uint64_t abort_lsn,
                                              std::int64_t abort_time_us) {
    return stream_abort(transaction, subtransaction) + u64(abort_lsn) + i64(abort_time_us);
}

// What b, P and p have in common.
[[nodiscard]] inline std::string prepared(std::uint64_t prepare_lsn, std::uint64_t end_lsn,
                                          std::int64_t time_us, std::uint32_t transaction,
                                          std::string_view gid) {
    return u64(prepare_lsn) + u64(end_lsn) + i64(time_us) + u32(transaction) + zero_terminated(gid);
}

[[nodiscard]] inline std::string begin_prepare(std::uint64_t prepare_lsn, std::uint64_t end_lsn,
                                               std::int64_t time_us, std::uint32_t transaction,
                                               std::string_view gid) {
    return 'b' + prepared(prepare_lsn, end_lsn, time_us, transaction, gid);
}

[[nodiscard]] inline std::string prepare(std::uint64_t prepare_lsn, std::uint64_t end_lsn,
                                         std::int64_t time_us, std::uint32_t transaction,
                                         std::string_view gid) {
    return 'P' + u8(0) + prepared(prepare_lsn, end_lsn, time_us, transaction, gid);
}

[[nodiscard]] inline std::string stream_prepare(std::uint64_t prepare_lsn, std::uint64_t end_lsn,
                                                std::int64_t time_us, std::uint32_t transaction,
                                                std::string_view gid) {
    return 'p' + u8(0) + prepared(prepare_lsn, end_lsn, time_us, transaction, gid);
}

[[nodiscard]] inline std::string commit_prepared(std::uint64_t commit_lsn, std::uint64_t end_lsn,
                                                 std::int64_t time_us, std::uint32_t transaction,
                                                 std::string_view gid) {
    return 'K' + u8(0) + prepared(commit_lsn, end_lsn, time_us, transaction, gid);
}

[[nodiscard]] inline std::string rollback_prepared(
    std::uint64_t prepare_end_lsn, std::uint64_t rollback_end_lsn, std::int64_t prepare_time_us,
    std::int64_t rollback_time_us, std::uint32_t transaction, std::string_view gid) {
    return 'r' + u8(0) + u64(prepare_end_lsn) + u64(rollback_end_lsn) + i64(prepare_time_us) +
           i64(rollback_time_us) + u32(transaction) + zero_terminated(gid);
}

// --- frames
// ---------------------------------------------------------------------------------------

[[nodiscard]] inline std::string xlog_data(std::uint64_t start, std::uint64_t wal_end,
                                           std::int64_t sent_at_us, std::string_view payload) {
    return 'w' + u64(start) + u64(wal_end) + i64(sent_at_us) + std::string{payload};
}

[[nodiscard]] inline std::string keepalive(std::uint64_t wal_end, std::int64_t sent_at_us,
                                           bool reply_requested) {
    return 'k' + u64(wal_end) + i64(sent_at_us) + u8(reply_requested ? 1 : 0);
}

} // namespace tandem::wire
