// What Debezium's modes cost beside exact values: the chat row and a column more of each common type. Every benchmark
// first checks that each text comes back.
#include "codecs/event/read_value.hpp"
#include "perf/micro/counted_heap.hpp"
#include "perf/micro/event_inputs.hpp"
#include "perf/micro/shapes.hpp"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace tandem {
namespace {

constexpr std::size_t row_count = 50'000;
constexpr std::size_t batch_bytes = std::size_t{1} << 20;

pgoutput::relation_shape shape_of_rows() {
    pgoutput::relation_shape made = perf::relation_of(perf::shape::chat);
    constexpr std::int32_t of_two_digits = ((12 << 16) | 2) + 4; // numeric(12,2)
    made.columns.push_back({"price", oid{1700}, of_two_digits, false});
    made.columns.push_back({"ratio", oid{1700}, -1, false});
    made.columns.push_back({"seen_at", oid{1114}, -1, false});
    made.columns.push_back({"day", oid{1082}, -1, false});
    made.columns.push_back({"opens_at", oid{1083}, -1, false});
    made.columns.push_back({"avatar", oid{17}, -1, false});
    made.columns.push_back({"muted", oid{16}, -1, false});
    made.columns.push_back({"score", oid{701}, -1, false});
    return made;
}

wire::columns row_of(std::size_t id) {
    wire::columns row = perf::row_of(perf::shape::chat, id);
    std::string const two_digits = std::to_string(11 + 2 * (id % 44));
    std::string hex = "\\x";
    for (int byte = 0; byte < 32; ++byte) {
        hex += two_digits;
    }
    for (std::string const& text :
         {std::to_string(id) + ".25", "0." + two_digits + "5",
          "2026-11-22 18:16:00.1234" + two_digits, std::string{"2026-11-22"},
          "18:16:0" + two_digits.substr(0, 1), hex, std::string{"t"}, std::to_string(id) + ".5"}) {
        row.push_back(wire::text(text));
    }
    return row;
}

struct rows {
    std::string messages;
    std::vector<pgoutput::tuple_view> tuples;
};

rows const& the_rows() {
    static rows const made = [] {
        rows all;
        std::vector<std::size_t> ends;
        for (std::size_t id = 0; id < row_count; ++id) {
            all.messages += wire::insert(16'400, row_of(id));
            ends.push_back(all.messages.size());
        }
        std::size_t start = 0;
        for (std::size_t const end : ends) {
            std::string_view const message{all.messages.data() + start, end - start};
            all.tuples.push_back(std::get<pgoutput::insert>(*pgoutput::decode(message)).new_row);
            start = end;
        }
        return all;
    }();
    return made;
}

[[noreturn]] void wrong_answer() {
    std::fputs("debezium_bench: the answer is wrong, so its time means nothing\n", stderr);
    std::exit(1);
}

event::event_source source_of_debezium() {
    event::event_source made{perf::the_source};
    made.values = event::value_form::debezium;
    return made;
}
event::transaction_part const transaction{source_of_debezium(), xid{700}, pg_time{1'000'000},
                                          lsn{1'000}};

// What a benchmark works with; one for each, so that its memory has grown before it is counted.
struct bench {
    explicit bench(event::decimal_mode mode) {
        options.decimals = mode;
        for (auto const& column : shape.columns) {
            types.push_back(event::resolve(column.type, column.type_modifier, {}));
        }
        relation = std::make_unique<event::relation_events>(
            shape, event::debezium_plan(shape, {}, options));
        for (std::size_t row = 0; row < row_count; ++row) {
            auto const value = relation->value(perf::change_of(the_rows().tuples[row], row),
                                               transaction, perf::the_time, into);
            if (!value) {
                wrong_answer();
            }
            events += *value;
            ends.push_back(events.size());
            into.clear();
        }
        events.append(event::record_padding, '\0');
    }

    std::size_t encode() {
        std::size_t size = 0;
        std::size_t batch = 0;
        for (std::size_t row = 0; row < row_count; ++row) {
            std::size_t const one = relation
                                        ->value(perf::change_of(the_rows().tuples[row], row),
                                                transaction, perf::the_time, into)
                                        ->size();
            size += one;
            batch += one;
            if (batch > batch_bytes) {
                into.clear();
                batch = 0;
            }
        }
        into.clear();
        return size;
    }

    // Calls `take(row, column, text)`; nulls are empty.
    template <class Take>
    void decode(Take take) {
        std::size_t start = 0;
        std::size_t batch_ends = 0;
        for (std::size_t row = 0; row < row_count; ++row) {
            if (start >= batch_ends) {
                batch_ends = start + batch_bytes;
                strings.clear();
            }
            std::string_view const event{events.data() + start, ends[row] - start};
            start = ends[row];
            if (!decoder.value(event, {}, names, read, strings)) {
                wrong_answer();
            }
            for (std::size_t column = 0; column < read.after.size(); ++column) {
                text.clear();
                if (read.after[column].kind != event::field_kind::null &&
                    !reader.text(read.after[column], types[column], options, text)) {
                    wrong_answer();
                }
                take(row, column, text);
            }
        }
    }

    pgoutput::relation_shape const shape = shape_of_rows();
    event::value_options options;
    std::vector<event::resolved_type> types;
    std::unique_ptr<event::relation_events> relation;
    std::string events;
    std::vector<std::size_t> ends;
    arena into;
    arena strings;
    event::event_decoder decoder;
    event::value_reader reader;
    event::field_names names;
    event::event_view read;
    std::string text;
};

void report(benchmark::State& state, bench const& with, std::uint64_t before) {
    perf::report(state, row_count, with.events.size() - event::record_padding,
                 perf::allocations_so_far() - before);
}

void encode(benchmark::State& state, event::decimal_mode mode) {
    bench with{mode};
    if (!perf::heap_is_counted() || with.encode() != with.ends.back()) {
        wrong_answer();
    }
    std::uint64_t const before = perf::allocations_so_far();
    for (auto _ : state) {
        auto size = with.encode();
        benchmark::DoNotOptimize(size);
    }
    report(state, with, before);
}

void decode(benchmark::State& state, event::decimal_mode mode) {
    bench with{mode};
    std::size_t row_before = row_count;
    pgoutput::tuple_view::cursor cursor{the_rows().tuples.front()};
    with.decode([&](std::size_t row, std::size_t, std::string const& text) {
        if (row != row_before) {
            cursor = pgoutput::tuple_view::cursor{the_rows().tuples[row]};
            row_before = row;
        }
        std::string_view const sent = cursor.next().bytes;
        if (text != (sent == "t" ? "true" : sent)) { // which PostgreSQL reads as well
            wrong_answer();
        }
    });
    if (!perf::heap_is_counted()) {
        wrong_answer();
    }
    std::uint64_t const before = perf::allocations_so_far();
    for (auto _ : state) {
        std::size_t sum = 0;
        with.decode(
            [&sum](std::size_t, std::size_t, std::string const& text) { sum += text.size(); });
        benchmark::DoNotOptimize(sum);
    }
    report(state, with, before);
}

int const registered = [] {
    struct {
        char const* name;
        event::decimal_mode mode;
    } const modes[] = {{"precise", event::decimal_mode::precise},
                       {"string", event::decimal_mode::string},
                       {"double", event::decimal_mode::double_}};
    for (auto const& [name, mode] : modes) {
        benchmark::RegisterBenchmark((std::string{"encode_debezium/"} + name).c_str(), encode, mode)
            ->Unit(benchmark::kMillisecond);
        benchmark::RegisterBenchmark((std::string{"decode_debezium/"} + name).c_str(), decode, mode)
            ->Unit(benchmark::kMillisecond);
    }
    return 0;
}();

} // namespace
} // namespace tandem
