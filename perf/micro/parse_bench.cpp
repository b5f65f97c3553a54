// What it costs to read a row off the replication stream: chat_message inserts of 7 columns and
// about 250 bytes, 200,000 of them one behind the other, so that they come from memory.
// Every benchmark first checks that its answer is the one the data was made with. `memcpy` moves the
// same bytes, message by message, and is the reference of the same run.
#include "codecs/pgoutput/message.hpp"
#include "codecs/replication/frame.hpp"
#include "perf/micro/chat_rows.hpp"
#include "perf/micro/counted_heap.hpp"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace tandem {
namespace {

constexpr std::size_t frame_header_size = 25;

// What reading the rows must add up to. A sum over lengths is no proof for one row, but a wrong row
// anywhere changes it; the first byte of every value makes the walk touch what it found.
struct answer {
    std::uint64_t rows = 0;
    std::uint64_t columns = 0;
    std::uint64_t value_bytes = 0;
    std::uint64_t first_bytes = 0;
    friend bool operator==(answer const&, answer const&) = default;
};

struct stream {
    std::string frames; // XLogData after XLogData
    std::vector<std::size_t> ends;
    answer expected;

    [[nodiscard]] std::string_view frame(std::size_t index) const noexcept {
        std::size_t const start = index == 0 ? 0 : ends[index - 1];
        return {frames.data() + start, ends[index] - start};
    }
    [[nodiscard]] std::string_view message(std::size_t index) const noexcept {
        return frame(index).substr(frame_header_size);
    }
};

stream make_stream() {
    constexpr std::size_t rows = 200'000;
    stream made;
    for (std::size_t row = 0; row < rows; ++row) {
        wire::columns const columns = perf::chat_message(row, row % 7);
        made.frames += wire::xlog_data(row, row, 0, wire::insert(16'400, columns));
        made.ends.push_back(made.frames.size());
        ++made.expected.rows;
        made.expected.columns += columns.size();
        for (wire::column const& column : columns) {
            made.expected.value_bytes += column.bytes.size();
            if (!column.bytes.empty()) {
                made.expected.first_bytes += static_cast<unsigned char>(column.bytes.front());
            }
        }
    }
    return made;
}

stream const& the_stream() {
    static stream const made = make_stream();
    return made;
}

// Sums in registers: sums in memory would be the slowest part of the loop.
void add_row(answer& sum, std::string_view message) noexcept {
    auto const decoded = pgoutput::decode(message);
    auto const* const row =
        decoded.has_value() ? std::get_if<pgoutput::insert>(&*decoded) : nullptr;
    if (row == nullptr) {
        return;
    }
    std::uint64_t value_bytes = 0;
    std::uint64_t first_bytes = 0;
    pgoutput::tuple_view::cursor cursor{row->new_row};
    for (std::uint32_t left = row->new_row.column_count(); left > 0; --left) {
        pgoutput::column_view const value = cursor.next();
        value_bytes += value.bytes.size();
        if (!value.bytes.empty()) {
            first_bytes += static_cast<unsigned char>(value.bytes.front());
        }
    }
    ++sum.rows;
    sum.columns += row->new_row.column_count();
    sum.value_bytes += value_bytes;
    sum.first_bytes += first_bytes;
}

answer read_messages(stream const& from) noexcept {
    answer sum;
    for (std::size_t index = 0; index < from.ends.size(); ++index) {
        add_row(sum, from.message(index));
    }
    return sum;
}

answer read_frames(stream const& from) noexcept {
    answer sum;
    for (std::size_t index = 0; index < from.ends.size(); ++index) {
        auto const frame = replication::decode_frame(from.frame(index));
        if (auto const* const data =
                frame.has_value() ? std::get_if<replication::xlog_data>(&*frame) : nullptr) {
            add_row(sum, data->payload);
        }
    }
    return sum;
}

// Checking without walking: what decode() alone costs.
answer decode_messages(stream const& from) noexcept {
    answer sum = from.expected;
    sum.rows = 0;
    for (std::size_t index = 0; index < from.ends.size(); ++index) {
        sum.rows += pgoutput::decode(from.message(index)).has_value() ? 1 : 0;
    }
    return sum;
}

// A copy of each message, as PQgetCopyData() makes one. The last byte is the proof.
answer copy_messages(stream const& from) noexcept {
    char scratch[1024];
    answer sum = from.expected;
    sum.rows = 0;
    for (std::size_t index = 0; index < from.ends.size(); ++index) {
        std::string_view const message = from.message(index);
        std::memcpy(scratch, message.data(), message.size());
        benchmark::DoNotOptimize(scratch);
        benchmark::ClobberMemory();
        sum.rows += scratch[message.size() - 1] == '}' ? 1 : 0;
    }
    return sum;
}

template <auto Read>
void measure(benchmark::State& state) {
    stream const& from = the_stream();
    if (!perf::heap_is_counted() || Read(from) != from.expected) {
        std::fputs("parse_bench: the answer is wrong, so its time means nothing\n", stderr);
        std::exit(1);
    }
    std::uint64_t const before = perf::allocations_so_far();
    for (auto _ : state) {
        answer read = Read(from);
        benchmark::DoNotOptimize(read);
    }
    std::uint64_t const allocated = perf::allocations_so_far() - before;
    std::size_t const headers = from.ends.size() * frame_header_size;
    perf::report(state, from.ends.size(), from.frames.size() - headers, allocated);
}

BENCHMARK(measure<copy_messages>)->Name("memcpy")->Unit(benchmark::kMillisecond);
BENCHMARK(measure<decode_messages>)->Name("decode")->Unit(benchmark::kMillisecond);
BENCHMARK(measure<read_messages>)->Name("decode_and_walk")->Unit(benchmark::kMillisecond);
BENCHMARK(measure<read_frames>)->Name("frame_decode_and_walk")->Unit(benchmark::kMillisecond);

} // namespace
} // namespace tandem
