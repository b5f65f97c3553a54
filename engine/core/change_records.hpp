#pragma once
// Changes as records of a stream's single partition: keys, values, headers and the chain of R7. Pure.

#include "codecs/event/headers.hpp"
#include "codecs/event/records.hpp"
#include "codecs/event/stream_notes.hpp"
#include "engine/core/change.hpp"

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

struct stream_record {
    std::optional<std::string_view> key;
    std::optional<std::string_view> value;
    std::vector<event::record_header> headers;
};

// One per writer. Records live until the next call of the same object; their bytes in the arena they were made in.
class change_records {
public:
    // `last`: the position before the first record.
    change_records(stream_identity who, event::stream_position last);

    // The next records are those of this transaction. `previous_commit`: where the one before ended.
    void begin(transaction_header const& header, lsn previous_commit);
    // The records of its next change. `end`: of the transaction, when this is its last change; zero otherwise.
    // `now`: of the batch. An error names the table and column whose value has no form.
    // `shapes`: of the batch that the change is in.
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

private:
    struct relation {
        pgoutput::relation_ptr shape; // keeps its address taken
        std::unique_ptr<event::relation_events> events;
        bool described = false; // in this segment
    };

    relation& relation_of(pgoutput::relation_shape const* shape,
                          std::span<pgoutput::relation_ptr const> shapes);
    void describe(relation& one, arena& into);
    void add(std::optional<std::string_view> key, std::optional<std::string_view> value,
             event::stream_position at, arena& into, std::string_view note = {});

    stream_identity who_;
    event::event_source source_;
    event::stream_position last_;
    transaction_header current_;
    std::optional<event::transaction_part> transaction_;
    std::uint64_t index_ = 0; // of the last change
    boost::unordered_flat_map<pgoutput::relation_shape const*, relation> relations_;
    std::vector<stream_record> made_; // the first `count_` are in use
    std::size_t count_ = 0;
};

} // namespace tandem::engine
