#pragma once
// A partition that has rows of a stream, as its reader reads it beside the stream's own (--topics per-table).

#include "codecs/event/headers.hpp"
#include "codecs/event/stream_notes.hpp"
#include "engine/core/stream_chain.hpp"
#include "io/kafka/consumer.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace tandem::engine {

// How much of each partition of rows is fetched ahead, of that many of them: 64 MiB in all, of each what keeps it
// flowing. None: rows are in the stream's own partition.
[[nodiscard]] constexpr std::size_t ahead_kib(std::size_t partitions) noexcept {
    constexpr std::size_t all = 65'536;
    constexpr std::size_t least = 128;
    constexpr std::size_t most = 4'096;
    return partitions == 0 ? 0 : std::clamp(all / partitions, least, most);
}

struct row_log {
    explicit row_log(event::row_partition which) : what{std::move(which)} {}

    event::row_partition what; // with the offset of what is fetched next
    io::kafka::fetched_batch batch{500};
    std::size_t at = 0;  // of its records
    bool at_end = false; // there was no more when it was asked last
    stream_chain chain{{},
                       -1}; // of the index that is being taken: what of it is known, with `head`
    event::stream_position last;               // of that index
    std::optional<event::record_headers> head; // of the record at `at`: the index has it next

    std::optional<io::kafka::error> failed; // what does not pass by itself

    // It has, or has to have, more of the index.
    [[nodiscard]] bool wanted() const noexcept { return head || chain.last() < last; }
    void pass_over() noexcept {
        ++at;
        head.reset();
    }
};

} // namespace tandem::engine
