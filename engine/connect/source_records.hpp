#pragma once
// Changes of a source as Debezium's records, each with its place in the stream. Pure.

#include "codecs/event/headers.hpp"
#include "codecs/event/heartbeat_events.hpp"
#include "codecs/event/records.hpp"
#include "codecs/event/row_plan.hpp"
#include "codecs/event/transaction_events.hpp"
#include "engine/connect/source_settings.hpp"
#include "engine/core/change.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

// By these a writer knows after a crash what is in a partition already, and a sink what it has written: of each record
// the WAL it is of, the commit record of its transaction and a number that grows within it (event::stream_position).
// Positions of different sources say nothing about each other.
inline constexpr std::string_view position_header = "__tandem.position";

struct record_position {
    std::string_view source; // "7345.1": system identifier and timeline
    event::stream_position at;
};
// "7345.1 0/16B3748.5"
[[nodiscard]] std::string_view encode_position(record_position const& of, arena& into);
// Views `text`.
[[nodiscard]] std::optional<record_position> decode_position(std::string_view text);

// What the source's catalog says of a table.
struct table_facts {
    event::key_columns key; // of the primary key, in its order; empty: there is none
    std::map<std::string, event::column_facts, std::less<>> columns;
};

// A table's records, made once for each of its shapes.
struct source_table {
    pgoutput::relation_ptr shape; // keeps its address taken
    bool captured = false;        // else nothing of it is sent
    bool keyed = false;           // it has a primary key
    bool signals = false;         // its new rows are signals
    std::string topic;
    pgoutput::relation_ptr sent; // the shape without what is left out; most often the same
    // By the columns of `shape`; empty: all go as they are.
    struct column {
        bool left_out = false;
        bool fills = false;    // no value of it is one of an empty text: it may not be null
        bool has_text = false; // else only its schema says that it is changed, as Debezium's does
        column_changes::text_change text;
    };
    // Columns whose values are not of text: what the configuration says of them does nothing. For the log.
    std::vector<std::string> unchanged;
    std::string refused; // why nothing of it can be sent; empty: it can
    std::vector<column> changed;
    bool keeps_keys =
        false; // of `changed` columns, whose values keys have as they are: Debezium's do
    std::optional<event::relation_events> events; // of captured ones, and of `sent`
};

struct source_record {
    std::optional<std::string_view> key;
    std::optional<std::string_view> value;
    event::record_header header;         // empty name: none
    event::stream_position position;     // none: of a snapshot
    source_table const* table = nullptr; // null: of the topic of transactions
};

class source_records {
public:
    source_records(source_settings const& settings, std::string version);

    // `types`: lives as long as the table.
    [[nodiscard]] source_table table_of(pgoutput::relation_ptr shape, table_facts const& facts,
                                        event::type_table const& types) const;
    [[nodiscard]] std::string transaction_topic() const;
    [[nodiscard]] std::string heartbeat_topic() const;

    // The next records are those of this transaction. `previous_commit`: where the one before ended.
    void begin(engine::transaction_header const& header, lsn previous_commit);
    // Records live until the next call of the same object; their bytes in the arena they were made in. An error names the
    // table and column whose value has no form.
    [[nodiscard]] boost::system::result<std::span<source_record const>, std::string> of_change(
        engine::change const& made, source_table const& table, event::event_time const& now,
        arena& into);
    // Of one table of a truncate.
    [[nodiscard]] boost::system::result<std::span<source_record const>, std::string> of_truncate(
        engine::change const& made, source_table const& table, event::event_time const& now,
        arena& into);
    // Rows of a snapshot follow, which is of `position` and what `transaction` sees. `which`: source.snapshot.
    void begin_read(xid transaction, pg_time now, lsn position, std::string_view which);
    // No position says it: it is not told apart from one that a later snapshot reads again.
    [[nodiscard]] boost::system::result<std::span<source_record const>, std::string> of_read(
        pgoutput::tuple_view row, source_table const& table, event::event_time const& now,
        arena& into);
    // Of the transaction's begin and end, with provide.transaction.metadata; else none.
    [[nodiscard]] std::span<source_record const> of_begin(lsn position, arena& into);
    [[nodiscard]] std::span<source_record const> of_end(lsn end, arena& into);
    [[nodiscard]] event::record heartbeat(std::int64_t unix_ms, arena& into) const;
    // The transaction has had a change that is sent.
    [[nodiscard]] bool begun() const noexcept { return begun_; }

private:
    [[nodiscard]] event::relation_events::change changed(event::relation_events::change what,
                                                         source_table const& table);
    [[nodiscard]] boost::system::result<std::span<source_record const>, std::string> of_rows(
        event::relation_events::change const& what, source_table const& table, std::uint64_t index,
        event::event_time const& now, arena& into);
    [[nodiscard]] std::span<source_record const> of_boundary(event::record const& made,
                                                             std::uint64_t number);

    source_settings const& settings_;
    event::event_source source_;
    event::transaction_events boundaries_;
    event::heartbeat_events heartbeats_;
    event::record_options options_;
    engine::transaction_header current_;
    std::optional<event::transaction_part> transaction_;
    event::transaction_counter counter_;
    bool begun_ = false;
    std::uint64_t last_number_ = 0; // of the transaction's records
    std::vector<source_record> made_;
    std::string old_row_; // as `changed` leaves it
    std::string new_row_;
    std::string old_key_row_; // and without changed texts
    std::string new_key_row_;
};

// "PREFIX.SCHEMA.TABLE" in the letters that Kafka takes.
[[nodiscard]] std::string source_topic(source_settings const& settings, std::string_view schema,
                                       std::string_view table);

} // namespace tandem::connect
