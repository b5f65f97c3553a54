#pragma once
// What a stream's records without a value tell of the stream itself: the header tandem.note, JSON.
//
//   start      the writer's (re)start, and again at the head of each segment: whose history the records behind it are
//   relation   how the rows of a table look from here on; before the first row of each segment
//
//   truncate   tables that were emptied together
//   commit     the end of a transaction whose last change did not know that it was the last
//   oversize   in the place of a change whose records are larger than the topic takes: which row it was of
//   ddl        in the place of a change: what a DDL command made of which objects
//   index      rows of its range are in other partitions (--topics per-table): up to where in which
//
// Whoever reads from the head of a segment on knows everything that its rows need. docs/decisions/0007,
// 0008

#include "codecs/base/arena.hpp"
#include "codecs/base/lsn.hpp"
#include "codecs/event/envelope.hpp"
#include "codecs/event/event_error.hpp"
#include "codecs/event/headers.hpp"
#include "codecs/pgoutput/relation_cache.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tandem::event {

// A partition that has rows of a stream.
struct row_partition {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t offset = 0; // no row behind the note that tells it lies before

    friend bool operator==(row_partition const&, row_partition const&) = default;
};

// R5, R6: what is compared with what the reader remembers of the source.
struct start_note {
    std::string run;       // random, of this start of the writer: readers name it in their progress
    std::string system_id; // of the source's server
    int timeline = 0;
    std::vector<std::string> tokens; // incarnations of the source, the newest last
    lsn confirmed;                   // of the slot: everything up to here is not sent again
    lsn wal_end;                     // flushed WAL of the source at the start
    lsn began;                       // of the whole stream: nothing came before; none: unknown
    std::string policy; // by which the source's own site resolves conflicts; may be empty
    std::vector<row_partition> rows; // index notes name them by their number; empty: rows are here
    std::string database = {};       // of the source; may be empty, as the next one may be zero
    std::uint32_t database_oid = 0;
    std::string answers = {}; // the reader that asked where the stream began; empty: none did

    friend bool operator==(start_note const&, start_note const&) = default;
};

struct relation_note {
    pgoutput::relation_shape shape; // without an oid: it is the source's

    friend bool operator==(relation_note const&, relation_note const&) = default;
};

struct truncate_note {
    xid transaction;
    pg_time commit_time;
    std::vector<std::pair<std::string, std::string>> tables; // schema, name; described before

    friend bool operator==(truncate_note const&, truncate_note const&) = default;
};

struct commit_note {
    xid transaction;
    pg_time commit_time;

    friend bool operator==(commit_note const&, commit_note const&) = default;
};

// What the source's event triggers told (codecs/sql/ddl_functions.hpp), as it stands among the rows.
struct ddl_note {
    xid transaction;
    pg_time commit_time;
    std::string told; // JSON

    friend bool operator==(ddl_note const&, ddl_note const&) = default;
};

// What is known of a change that is not in the stream.
struct oversize_note {
    // Columns of the replica identity by name, with their text; null: none. What is too long is left out, and by
    // encode_note() what is no UTF-8.
    using identity = std::vector<std::pair<std::string, std::optional<std::string>>>;

    xid transaction;
    pg_time commit_time;
    std::string schema;
    std::string table;
    operation op = operation::create; // create, update or remove
    std::uint64_t bytes =
        0; // the change's greatest record, alone in its batch; or more than that many
    std::uint64_t limit = 0;          // what the topic takes
    identity key;                     // of the row that it found or made
    std::optional<identity> moved_to; // of an update that gave its row another one
    std::string why{};                // it does not travel; empty: it is too large

    friend bool operator==(oversize_note const&, oversize_note const&) = default;
};

// What its record covers, and no other note does, are rows in partitions of their own.
struct index_note {
    struct end {
        std::uint32_t partition = 0; // its number in start_note::rows
        stream_position last;        // of its rows that the record covers

        friend bool operator==(end const&, end const&) = default;
    };
    std::vector<end> ends; // of the partitions that have some, each once

    friend bool operator==(index_note const&, index_note const&) = default;
};

using stream_note = std::variant<start_note, relation_note, truncate_note, commit_note,
                                 oversize_note, index_note, ddl_note>;

// Lives in `into`.
[[nodiscard]] std::string_view encode_note(start_note const& note, arena& into);
[[nodiscard]] std::string_view encode_note(pgoutput::relation_shape const& shape, arena& into);
[[nodiscard]] std::string_view encode_note(truncate_note const& note, arena& into);
[[nodiscard]] std::string_view encode_note(commit_note const& note, arena& into);
[[nodiscard]] std::string_view encode_note(oversize_note const& note, arena& into);
[[nodiscard]] std::string_view encode_note(index_note const& note, arena& into);
[[nodiscard]] std::string_view encode_note(ddl_note const& note, arena& into);

// Any bytes. Errors: not_json, bad_utf8, wrong_type, bad_number, missing_field, unknown_operation (another kind of note: a newer
// writer's); without a place.
[[nodiscard]] event_result<stream_note> decode_note(std::string_view text);

} // namespace tandem::event
