#pragma once
// One change as a record of Kafka: Debezium's envelope, version 2.
//
// Field order and meaning follow Debezium's connector for PostgreSQL:
// https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-events

#include "codecs/base/arena.hpp"
#include "codecs/base/lsn.hpp"
#include "codecs/event/row_json.hpp"
#include "codecs/pgoutput/relation_cache.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace tandem::event {

// What every event of one capturing process says of itself.
struct event_source {
    std::string version;  // of the writer: source.version
    std::string server;   // topic.prefix: source.name
    std::string database; // source.db
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

private:
    friend class relation_events;
    std::string text_;
};

// What the events of one transaction have in common, rendered once. Views nothing.
class transaction_part {
public:
    // `previous_commit`: where the transaction before ended, the first half of source.sequence; none: null.
    // An empty origin stands for none.
    transaction_part(event_source const& source, xid transaction, pg_time commit_time,
                     lsn previous_commit, std::string_view origin = {}, lsn origin_lsn = {});

private:
    friend class relation_events;
    std::string head_;        // up to the position in source.sequence
    std::string times_;       // ,"ts_us":..,"ts_ns":..
    std::string transaction_; // ,"txId":..
    std::string origin_;      // from xmin to the end of source
};

// The schema blocks of a relation's records, see connect_schema.hpp; both empty: records go without.
struct record_schemas {
    std::string key;
    std::string value;
};

// The events of one relation. Immutable, so that a shape can be shared; owns what it needs of it.
class relation_events {
public:
    relation_events(pgoutput::relation_shape const& shape, row_plan plan,
                    record_schemas schemas = {});

    struct change {
        operation op = operation::create;
        pgoutput::tuple_view old_row; // empty: none
        bool old_is_key = true;       // only the replica identity's columns are set in old_row
        pgoutput::tuple_view new_row; // empty: none
        lsn position;                 // of the change in the WAL
    };

    // The record's value. Lives in `into`. No allocation beyond the arena's blocks.
    // Error: bad_value; its offset is the number of the column that has no JSON form.
    [[nodiscard]] result<std::string_view> value(change const& made,
                                                 transaction_part const& transaction,
                                                 event_time const& now, arena& into) const;
    // Whether the two rows of an update have different keys. An old row that is not there has the same.
    [[nodiscard]] bool key_differs(pgoutput::tuple_view old_row,
                                   pgoutput::tuple_view new_row) const noexcept;
    // The record's key: the key's columns of a row.
    [[nodiscard]] result<std::string_view> key(pgoutput::tuple_view row, arena& into) const;

private:
    row_plan plan_;
    record_schemas open_; // up to the payload
    std::string table_;   // ,"schema":..,"table":..
};

} // namespace tandem::event
