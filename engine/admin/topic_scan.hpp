#pragma once
// In what order the records of several partitions come out, and what has to be read for that. Pure.
//
// Partitions are read in spans, from their ends or from their beginnings, until what was found in one
// of them is known to be the next over all. Within a partition the order is the log's (or its reverse);
// between partitions timestamps decide, and the partition's number where they are equal. Memory is
// bounded: of what does not fit, the part that comes later is dropped and read again.

#include "engine/admin/topic_record.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <vector>

namespace tandem::engine {

struct log_span {
    std::int32_t partition = 0;
    std::int64_t begin = 0; // offsets: begin <= x < end
    std::int64_t end = 0;

    friend bool operator==(log_span const&, log_span const&) = default;
};

class topic_scan {
public:
    struct limits {
        bool newest_first = true;
        std::uint64_t records = std::numeric_limits<std::uint64_t>::max(); // wanted in all
        std::int64_t span = 1'000; // offsets of the first span; later ones grow
        std::int64_t span_most = 50'000;
        std::size_t bytes = std::size_t{64} << 20; // of records found and not taken yet
    };

    topic_scan(std::vector<log_span> const& logs, limits set);

    // The next record; none: next_spans() says what to read first, or that all is out.
    [[nodiscard]] std::optional<topic_record> take();
    // Not more than one for each partition; empty: everything is read.
    [[nodiscard]] std::vector<log_span> next_spans();
    // While a span is read, in the order of the log: every record's time, and those that match.
    void passed(std::int32_t partition, std::int64_t timestamp_ms);
    void found(topic_record record);
    // The span is read to its end.
    void finish(log_span const& read);

private:
    struct lane {
        std::int32_t partition = 0;
        std::int64_t begin = 0; // what is left to read
        std::int64_t end = 0;
        std::int64_t span = 0;
        std::int64_t frontier_ms = 0;        // what is left is not newer (not older) than this
        std::optional<std::int64_t> edge_ms; // of the span that is being read
        std::deque<topic_record> found;      // in the order of the log
        std::size_t bytes = 0;
        std::optional<std::int64_t> cut; // offset of the first (last) record that was kept

        [[nodiscard]] bool read_whole() const noexcept { return begin >= end; }
    };
    [[nodiscard]] lane& of(std::int32_t partition);
    [[nodiscard]] lane* next_lane();
    [[nodiscard]] std::int64_t key_of(lane const& one) const noexcept;
    void drop_what_is_too_much(lane& one);

    limits set_;
    std::vector<lane> lanes_; // by partition
    std::uint64_t taken_ = 0;
};

} // namespace tandem::engine
