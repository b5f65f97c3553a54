#pragma once
// One change as a record of Kafka: Debezium's envelope, version 2.
//
// Field order and meaning follow Debezium's connector for PostgreSQL:
// https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-events

#include "codecs/base/arena.hpp"
#include "codecs/base/lsn.hpp"
#include "codecs/event/row_json.hpp"
#include "codecs/event/row_plan.hpp"
#include "codecs/event/transaction_counter.hpp"
#include "codecs/pgoutput/relation_cache.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::event {

// What every event of one capturing process says of itself.
struct event_source {
    std::string version; // of the writer: source.version, which also bears the mark of exact values
    std::string server;  // topic.prefix: source.name
    std::string database;                  // source.db
    value_form values = value_form::exact; // of all its events
};

enum class operation : char {
    create = 'c',
    update = 'u',
    remove = 'd',
    read = 'r', // of a snapshot
    truncate = 't',
};

// When events were made, rendered once for many: nanoseconds since 1970 by the writer's clock.
class event_time {
public:
    explicit event_time(std::int64_t unix_ns);

    // ,"ts_ms":..
    [[nodiscard]] std::string_view millis() const noexcept {
        return std::string_view{text_}.substr(0, millis_size_);
    }
    // ,"ts_ms":..,"ts_us":..,"ts_ns":..} with the brace that ends an envelope
    [[nodiscard]] std::string_view all() const noexcept { return text_; }

private:
    std::size_t millis_size_;
    std::string text_;
};

// What the events of one transaction have in common, rendered once. Owns all of it.
class transaction_part {
public:
    // `previous_commit`: where the transaction before ended, the first half of source.sequence; none: null.
    // An empty origin stands for none. `snapshot`: source.snapshot, a JSON string's content.
    transaction_part(event_source const& source, xid transaction, pg_time commit_time,
                     lsn previous_commit, std::string_view origin = {}, lsn origin_lsn = {},
                     std::string_view snapshot = "false");
    // Of a message that belongs to no transaction: as Debezium does, with the time at which it came, and its own
    // position in place of a commit's.
    [[nodiscard]] static transaction_part outside(event_source const& source, pg_time now,
                                                  lsn position);

    [[nodiscard]] value_form values() const noexcept { return values_; }

    // ,"source":{..} of a change at `position`. `table`: ,"schema":..,"table":..
    [[nodiscard]] std::size_t source_room(std::string_view table) const noexcept;
    char* append_source(char* out, std::string_view table, lsn position) const noexcept;
    // ,"transaction":{..}, or null for an order that says nothing.
    [[nodiscard]] std::size_t block_room() const noexcept;
    char* append_block(char* out, event_order order, lsn position) const noexcept;

private:
    value_form values_;
    std::string head_;        // up to the position in source.sequence
    std::string times_;       // ,"ts_us":..,"ts_ns":..
    std::string transaction_; // ,"txId":..
    std::string origin_;      // from xmin to the end of source
    std::string block_;       // up to the position in transaction.id; empty outside transactions
};

// The schema blocks of a relation's records, see connect_schema.hpp and exact_schema.hpp; both empty: records go
// without.
struct record_schemas {
    struct piece {
        std::uint32_t at = 0;
        std::uint32_t size = 0;
    };
    std::string key;
    std::string value;
    // Where in `value` the fields of `after` stand, one for each column, a comma between them: a field that the row does
    // not have leaves the schema. Empty: rows have all of them.
    std::vector<piece> after = {};
};

// The events of one relation. Immutable, so that a shape can be shared; owns what it needs of it.
class relation_events {
public:
    relation_events(pgoutput::relation_shape const& shape, row_plan plan,
                    record_schemas schemas = {}, key_order order = {});

    struct change {
        operation op = operation::create;
        pgoutput::tuple_view old_row; // empty: none
        bool old_is_key = true;       // only the replica identity's columns are set in old_row
        pgoutput::tuple_view new_row; // empty: none; see complete()
        lsn position;                 // of the change in the WAL
        event_order order = {};       // for the block `transaction`
        // Rows that keys are made of, where they are others than the record's own; empty: those.
        pgoutput::tuple_view old_key_row = {};
        pgoutput::tuple_view new_key_row = {};
    };

    // The new row with what it was not sent again and the old row has: columns of the key, without which a record's key
    // would be another's, and all of a full old row, as Debezium has it. A record that only tandem reads does without
    // the latter: its reader has both rows. Lives in `into`, where anything was missing.
    [[nodiscard]] pgoutput::tuple_view complete(change const& made, arena& into) const;
    // The record's value. Lives in `into`. The relation's plan and `transaction` are of one value_form. No allocation beyond the arena's blocks.
    // Error: bad_value; its offset is the number of the column that has no JSON form.
    [[nodiscard]] result<std::string_view> value(change const& made,
                                                 transaction_part const& transaction,
                                                 event_time const& now, arena& into) const;
    // Whether the two rows of an update have different keys. An old row that is not there has the same.
    [[nodiscard]] bool key_differs(pgoutput::tuple_view old_row,
                                   pgoutput::tuple_view new_row) const noexcept;
    // "schema.table", which is what transaction metadata counts by.
    [[nodiscard]] std::string const& collection() const noexcept { return collection_; }
    // The record's key: the key's columns of a row.
    [[nodiscard]] result<std::string_view> key(pgoutput::tuple_view row, arena& into) const;
    // Of that, what stands behind a schema block: headers have none.
    [[nodiscard]] std::string_view key_alone(std::string_view key) const noexcept;

private:
    char* append_value_schema(char* out, pgoutput::tuple_view new_row) const noexcept;

    row_plan plan_;
    key_order order_;
    record_schemas open_; // up to the payload
    std::string table_;   // ,"schema":..,"table":..
    std::string collection_;
};

} // namespace tandem::event
