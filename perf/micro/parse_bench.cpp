// What it costs to read a row off the replication stream: frame, message, its place in the stream and its
// relation, and a walk over its columns. Rows of several shapes, one behind the other, so that they come from
// memory. Every benchmark first checks that its answer is the one the data was made with. `memcpy` moves the
// same bytes, message by message, and is the reference of the same run.
#include "codecs/pgoutput/decoder.hpp"
#include "codecs/replication/frame.hpp"
#include "perf/micro/counted_heap.hpp"
#include "perf/micro/shapes.hpp"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace tandem {
namespace {

constexpr std::size_t frame_header_size = 25;

using perf::answer;

struct stream {
    std::string before; // the messages that a decoder has seen when the rows come
    std::string relation;
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

stream make_stream(perf::shape which) {
    stream made;
    made.before = wire::begin(1, 2, 3);
    made.relation = perf::relation_message(which);
    auto const relation = perf::relation_of(which).id.value;
    for (std::size_t row = 0; row < perf::rows_of(which); ++row) {
        wire::columns const values = perf::row_of(which, row);
        made.frames += wire::xlog_data(row, row, 0, wire::insert(relation, values));
        made.ends.push_back(made.frames.size());
        made.expected.add(values);
    }
    return made;
}

stream const& stream_of(perf::shape which) {
    static std::map<perf::shape, stream> made;
    auto const known = made.find(which);
    return known != made.end() ? known->second
                               : made.emplace(which, make_stream(which)).first->second;
}

// Sums in registers: sums in memory would be the slowest part of the loop.
[[gnu::always_inline]] inline void add_row(answer& sum, pgoutput::tuple_view row) noexcept {
    std::uint64_t value_bytes = 0;
    std::uint64_t first_bytes = 0;
    pgoutput::tuple_view::cursor cursor{row};
    for (std::uint32_t left = row.column_count(); left > 0; --left) {
        pgoutput::column_view const value = cursor.next();
        value_bytes += value.bytes.size();
        if (!value.bytes.empty()) {
            first_bytes += static_cast<unsigned char>(value.bytes.front());
        }
    }
    ++sum.rows;
    sum.columns += row.column_count();
    sum.value_bytes += value_bytes;
    sum.first_bytes += first_bytes;
}

// As the engine reads: everything. A function by itself, which perf/micro/run --instructions finds by its name.
[[gnu::noinline]] answer read_stream(stream const& from, pgoutput::decoder& in) {
    answer sum;
    for (std::size_t index = 0; index < from.ends.size(); ++index) {
        auto const frame = replication::decode_frame(from.frame(index));
        auto const* const data =
            frame.has_value() ? std::get_if<replication::xlog_data>(&*frame) : nullptr;
        if (data == nullptr) {
            return sum;
        }
        auto const read = in.next(data->payload);
        auto const* const row = read.has_value() ? std::get_if<pgoutput::insert>(&*read) : nullptr;
        if (row == nullptr) {
            return sum;
        }
        add_row(sum, row->new_row);
    }
    return sum;
}

// The message alone: no frame, no order, no relation.
answer read_messages(stream const& from, pgoutput::decoder&) {
    answer sum;
    for (std::size_t index = 0; index < from.ends.size(); ++index) {
        auto const read = pgoutput::decode(from.message(index));
        auto const* const row = read.has_value() ? std::get_if<pgoutput::insert>(&*read) : nullptr;
        if (row == nullptr) {
            return sum;
        }
        add_row(sum, row->new_row);
    }
    return sum;
}

// A copy of each message, as PQgetCopyData() makes one. Its last byte is touched.
answer copy_messages(stream const& from, pgoutput::decoder&) {
    static std::vector<char> scratch(1U << 20U);
    answer sum = from.expected;
    sum.rows = 0;
    for (std::size_t index = 0; index < from.ends.size(); ++index) {
        std::string_view const message = from.message(index);
        std::memcpy(scratch.data(), message.data(), message.size());
        benchmark::DoNotOptimize(scratch.data());
        benchmark::ClobberMemory();
        sum.rows += scratch[message.size() - 1] == message.back() ? 1 : 0;
    }
    return sum;
}

using read_rows = answer (*)(stream const&, pgoutput::decoder&);

void measure(benchmark::State& state, read_rows read, perf::shape which) {
    stream const& from = stream_of(which);
    pgoutput::decoder in;
    bool const ready = in.next(from.before) && in.next(from.relation);
    if (!ready || !perf::heap_is_counted() || read(from, in) != from.expected) {
        std::fputs("parse_bench: the answer is wrong, so its time means nothing\n", stderr);
        std::exit(1);
    }
    std::uint64_t const before = perf::allocations_so_far();
    for (auto _ : state) {
        answer got = read(from, in);
        benchmark::DoNotOptimize(got);
    }
    std::uint64_t const allocated = perf::allocations_so_far() - before;
    std::size_t const headers = from.ends.size() * frame_header_size;
    perf::report(state, from.ends.size(), from.frames.size() - headers, allocated);
}

int const registered = [] {
    struct {
        char const* name;
        read_rows read;
    } const benches[] = {
        {"memcpy", copy_messages}, {"message", read_messages}, {"parse", read_stream}};
    for (perf::shape const which : perf::all_shapes) {
        for (auto const& bench : benches) {
            std::string const name = std::string{bench.name} + "/" + perf::name_of(which);
            benchmark::RegisterBenchmark(name.c_str(), measure, bench.read, which)
                ->Unit(benchmark::kMillisecond);
        }
    }
    return 0;
}();

} // namespace
} // namespace tandem
