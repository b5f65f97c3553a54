#pragma once
// Changes as records of a stream: keys, values, headers and the chain of R7. Pure.
//
// All of them are in the stream's own partition; or, with a row_layout, rows are in partitions of their tables, each
// with a chain of its own, and index notes in the stream's partition cover them (docs/decisions/0008).

#include "codecs/event/headers.hpp"
#include "codecs/event/records.hpp"
#include "codecs/event/row_plan.hpp"
#include "codecs/event/stream_notes.hpp"
#include "engine/core/change.hpp"
#include "engine/core/row_layout.hpp"
#include "engine/core/stream_record.hpp"

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::engine {

struct stream_identity {
    std::string node;   // whose changes it carries: origin and stream
    std::string prefix; // of its topics: source.name
    std::string database;
    std::string version; // tandem's
    std::int64_t epoch = 0;
};

// How a writer's rows become records.
struct record_style {
    // By table_id(): the key of its records where that is not the replica identity. Of tables with REPLICA IDENTITY FULL,
    // whose identity is all columns.
    boost::unordered_flat_map<std::string, event::key_columns> keys;
    bool schemas = false; // with the blocks that Kafka's JsonConverter reads
};

// One per writer. Records live until the next call of the same object; their bytes in the arena they were made in.
class change_records {
public:
    // `last`: the position before the first record. `limit`: the greatest batch_bytes() that the topic takes.
    // `layout`: where rows go; those of tables that it does not have, into the stream's own partition.
    change_records(stream_identity who, event::stream_position last, std::size_t limit,
                   row_layout layout = {}, record_style style = {});

    // The next records are those of this transaction. `previous_commit`: where the one before ended.
    void begin(transaction_header const& header, lsn previous_commit);
    // Of its next change, and on to the one behind it: that one is in the log already.
    [[nodiscard]] event::stream_position next_position(lsn end) const noexcept {
        return end ? event::stream_position{end, 0}
                   : event::stream_position{current_.final_lsn, index_ + 1};
    }
    void pass_over() noexcept { ++index_; }
    // The records of its next change. `end`: of the transaction, when this is its last change; zero otherwise.
    // `now`: of the batch. An error names the table and column whose value has no form.
    // `shapes`: of the batch that the change is in. Where one of its records is above the limit, a note stands for all of
    // them.
    [[nodiscard]] boost::system::result<std::span<stream_record const>, std::string> of_change(
        change const& made, std::span<pgoutput::relation_ptr const> shapes, lsn end,
        event::event_time const& now, arena& into);
    // A record without value that covers (last(), at].
    [[nodiscard]] std::span<stream_record const> of_position(lsn at, arena& into);
    // The end of the transaction, where its last change did not say so.
    [[nodiscard]] std::span<stream_record const> of_commit(lsn end, arena& into);
    // The head of a segment: relations are described again before their next rows.
    [[nodiscard]] std::span<stream_record const> of_start(event::start_note const& note,
                                                          arena& into);
    // The index of the rows that no record of the stream's own partition covers yet; none, when there are no such rows.
    // Before every other record of that partition it comes by itself.
    [[nodiscard]] std::span<stream_record const> of_index(arena& into);
    [[nodiscard]] bool all_covered() const noexcept { return covered_ == last_; }

    [[nodiscard]] event::stream_position last() const noexcept { return last_; }
    [[nodiscard]] std::size_t limit() const noexcept { return limit_; }

private:
    struct relation {
        pgoutput::relation_ptr shape; // keeps its address taken
        std::unique_ptr<event::relation_events> events;
        row_layout::table const* place = nullptr; // none: the stream's own partition
        bool described = false;                   // in this segment
    };

    [[nodiscard]] event::relation_events events_of(pgoutput::relation_shape const& shape) const;
    relation& relation_of(pgoutput::relation_shape const* shape,
                          std::span<pgoutput::relation_ptr const> shapes);
    void describe(relation& one, arena& into);
    void add_index(arena& into);
    void add_truncate(truncation const& what, lsn position, event::stream_position at,
                      event::event_time const& now, arena& into);
    void add_ddl(std::string const& told, event::stream_position at, arena& into);
    [[nodiscard]] boost::system::result<std::size_t, std::string> add_rows(
        relation const& one, change const& made, event::stream_position at,
        event::event_time const& now, arena& into);
    void add_oversize(relation const& one, change const& made, event::stream_position at,
                      std::size_t bytes, arena& into);
    // Back there a row's record, or several, are as if they had not been made.
    struct place {
        std::size_t count = 0;
        event::stream_position last;
        event::stream_position covered;
    };
    [[nodiscard]] place here() const noexcept { return {count_, last_, covered_}; }
    void back_to(place where) noexcept;
    struct body {
        std::optional<std::string_view> key;
        std::optional<std::string_view> value;
        std::string_view note;
        event::record_header more;
        std::optional<std::uint32_t> partition; // see stream_record
    };
    // `at`: what it covers; none: nothing.
    static void add_trace(stream_record& to, trace_context const& trace);
    void add(body const& what, std::optional<event::stream_position> at, arena& into);
    [[nodiscard]] event::stream_position& last_in(std::optional<std::uint32_t> partition) noexcept {
        return partition ? row_ends_[*partition] : covered_;
    }
    [[nodiscard]] std::span<stream_record const> records() const noexcept {
        return {made_.data(), count_};
    }

    stream_identity who_;
    event::event_source source_;
    event::stream_position last_;
    event::stream_position covered_;               // by the stream's own partition
    std::vector<event::stream_position> row_ends_; // of each partition of rows, what it has
    row_layout layout_;
    record_style style_;
    std::size_t limit_;
    transaction_header current_;
    std::optional<event::transaction_part> transaction_;
    std::uint64_t index_ = 0; // of the last change
    boost::unordered_flat_map<pgoutput::relation_shape const*, relation> relations_;
    std::vector<stream_record> made_;            // the first `count_` are in use
    std::vector<event::stream_position> before_; // of each: of its partition, for back_to()
    std::size_t count_ = 0;
};

} // namespace tandem::engine
