#pragma once
// Changes as records of a stream's single partition: keys, values, headers and the chain of R7. Pure.

#include "codecs/event/headers.hpp"
#include "codecs/event/records.hpp"
#include "codecs/event/stream_notes.hpp"
#include "engine/core/change.hpp"
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

// One per writer. Records live until the next call of the same object; their bytes in the arena they were made in.
class change_records {
public:
    // `last`: the position before the first record. `limit`: the greatest batch_bytes() that the topic takes.
    change_records(stream_identity who, event::stream_position last, std::size_t limit);

    // The next records are those of this transaction. `previous_commit`: where the one before ended.
    void begin(transaction_header const& header, lsn previous_commit);
    // The records of its next change. `end`: of the transaction, when this is its last change; zero otherwise.
    // `now`: of the batch. An error names the table and column whose value has no form.
    // `shapes`: of the batch that the change is in. Where one of its records is above the limit, a note stands for all of
    // them.
    [[nodiscard]] boost::system::result<std::span<stream_record const>, std::string> of_change(
        change const& made, std::span<pgoutput::relation_ptr const> shapes, lsn end,
        event::event_time const& now, arena& into);
    // A record without value that covers (last(), at].
    [[nodiscard]] stream_record const& of_position(lsn at, arena& into);
    // The end of the transaction, where its last change did not say so.
    [[nodiscard]] stream_record const& of_commit(lsn end, arena& into);
    // The head of a segment: relations are described again before their next rows.
    [[nodiscard]] stream_record const& of_start(event::start_note const& note, arena& into);

    [[nodiscard]] event::stream_position last() const noexcept { return last_; }
    [[nodiscard]] std::size_t limit() const noexcept { return limit_; }

private:
    struct relation {
        pgoutput::relation_ptr shape; // keeps its address taken
        std::unique_ptr<event::relation_events> events;
        bool described = false; // in this segment
    };

    relation& relation_of(pgoutput::relation_shape const* shape,
                          std::span<pgoutput::relation_ptr const> shapes);
    void describe(relation& one, arena& into);
    void add_truncate(truncation const& what, lsn position, event::stream_position at,
                      event::event_time const& now, arena& into);
    [[nodiscard]] boost::system::result<std::size_t, std::string> add_rows(
        relation const& one, change const& made, event::stream_position at,
        event::event_time const& now, arena& into);
    void add_oversize(relation const& one, change const& made, event::stream_position at,
                      std::size_t bytes, arena& into);
    struct place {
        std::size_t count = 0;
        event::stream_position last;
    };
    [[nodiscard]] place here() const noexcept { return {count_, last_}; }
    void back_to(place where) noexcept;
    void add(std::optional<std::string_view> key, std::optional<std::string_view> value,
             event::stream_position at, arena& into, std::string_view note = {},
             event::record_header more = {});

    stream_identity who_;
    event::event_source source_;
    event::stream_position last_;
    std::size_t limit_;
    transaction_header current_;
    std::optional<event::transaction_part> transaction_;
    std::uint64_t index_ = 0; // of the last change
    boost::unordered_flat_map<pgoutput::relation_shape const*, relation> relations_;
    std::vector<stream_record> made_; // the first `count_` are in use
    std::size_t count_ = 0;
};

} // namespace tandem::engine
