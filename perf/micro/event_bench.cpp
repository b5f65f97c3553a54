// What it costs to make an event of a row, and to read one: our envelope, exact values, no schema block.
// Every benchmark first checks that its answer is the one the data was made with. Peers of the same run: a
// boost::json document built and serialised (encode), simdjson visiting the same fields (decode).
#include "codecs/event/decode.hpp"
#include "perf/micro/counted_heap.hpp"
#include "perf/micro/event_inputs.hpp"
#include "perf/micro/shapes.hpp"

#include <benchmark/benchmark.h>
#include <boost/json.hpp>
#include <boost/json/src.hpp>
#include <simdjson.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace tandem {
namespace {

namespace json = simdjson::ondemand;

using perf::change_of;
using perf::the_source;
using perf::the_time;
using perf::the_transaction;

// Rows as views into their messages, and the events that come of them, one behind the other.
struct rows {
    std::string messages;
    std::vector<pgoutput::tuple_view> tuples;
    std::string events;
    std::vector<std::size_t> ends;

    [[nodiscard]] std::string_view event(std::size_t index) const noexcept {
        std::size_t const start = index == 0 ? 0 : ends[index - 1];
        return {events.data() + start, ends[index] - start};
    }
};

// What a plain program would do.
std::string by_boost_json(pgoutput::relation_shape const& shape,
                          event::relation_events::change const& made, std::size_t id = 700) {
    boost::json::object after;
    pgoutput::tuple_view::cursor cursor{made.new_row};
    for (auto const& column : shape.columns) {
        auto const value = cursor.next();
        if (value.kind == pgoutput::column_kind::null) {
            after[column.name] = nullptr;
        } else if (column.type == oid{20} || column.type == oid{23}) {
            after[column.name] = std::strtoll(std::string{value.bytes}.c_str(), nullptr, 10);
        } else if (column.type == oid{16}) {
            after[column.name] = value.bytes == "t";
        } else {
            after[column.name] = value.bytes;
        }
    }
    std::string const position = std::to_string(made.position.value);
    boost::json::object const event{
        {"before", nullptr},
        {"after", std::move(after)},
        {"source",
         {{"version", the_source.version + std::string{event::exact_mark}},
          {"connector", "postgresql"},
          {"name", the_source.server},
          {"ts_ms", pg_time{1'000'000}.unix_us() / 1'000},
          {"snapshot", "false"},
          {"db", the_source.database},
          {"sequence", "[\"1000\",\"" + position + "\"]"},
          {"ts_us", pg_time{1'000'000}.unix_us()},
          {"ts_ns", pg_time{1'000'000}.unix_us() * 1'000},
          {"schema", shape.schema},
          {"table", shape.name},
          {"txId", id},
          {"lsn", made.position.value},
          {"xmin", nullptr},
          {"origin", nullptr},
          {"origin_lsn", nullptr}}},
        {"transaction", nullptr},
        {"op", "c"},
        {"ts_ms", 1'700'000'000'123},
        {"ts_us", 1'700'000'000'123'456},
        {"ts_ns", 1'700'000'000'123'456'789}};
    return boost::json::serialize(event);
}

// `transaction_rows`: so many share a transaction; none: all do.
rows make_rows(perf::shape which, std::size_t transaction_rows = 0) {
    rows made;
    std::vector<std::size_t> starts;
    for (std::size_t row = 0; row < perf::rows_of(which); ++row) {
        starts.push_back(made.messages.size());
        made.messages += wire::insert(16'400, perf::row_of(which, row));
    }
    starts.push_back(made.messages.size());
    auto const shape = perf::relation_of(which);
    for (std::size_t row = 0; row + 1 < starts.size(); ++row) {
        std::string_view const message{made.messages.data() + starts[row],
                                       starts[row + 1] - starts[row]};
        made.tuples.push_back(std::get<pgoutput::insert>(*pgoutput::decode(message)).new_row);
        std::size_t const transaction = 700 + (transaction_rows == 0 ? 0 : row / transaction_rows);
        made.events += by_boost_json(shape, change_of(made.tuples.back(), row), transaction);
        made.ends.push_back(made.events.size());
    }
    made.events.append(event::record_padding, '\0');
    return made;
}

rows const& rows_in(perf::shape which) {
    static std::map<perf::shape, rows> made;
    auto const known = made.find(which);
    return known != made.end() ? known->second
                               : made.emplace(which, make_rows(which)).first->second;
}

[[noreturn]] void wrong_answer() {
    std::fputs("event_bench: the answer is wrong, so its time means nothing\n", stderr);
    std::exit(1);
}

void report(benchmark::State& state, rows const& from, std::uint64_t allocated) {
    perf::report(state, from.tuples.size(), from.events.size() - event::record_padding, allocated);
}

// --- encode

constexpr std::size_t batch_bytes = std::size_t{1}
                                    << 20; // then a batch leaves, and its memory is used again

// A function by itself, as decode_rows() is: perf/micro/run --instructions finds it by its name.
[[gnu::noinline]] std::size_t encode_rows(rows const& from, event::relation_events const& relation,
                                          arena& into) {
    std::size_t size = 0;
    std::size_t batch = 0;
    for (std::size_t row = 0; row < from.tuples.size(); ++row) {
        std::size_t const one =
            relation.value(change_of(from.tuples[row], row), the_transaction, the_time, into)
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

void encode(benchmark::State& state, perf::shape which) {
    rows const& from = rows_in(which);
    auto const shape = perf::relation_of(which);
    event::relation_events const relation{shape, event::exact_plan(shape)};
    arena into;
    for (std::size_t row = 0; row < from.tuples.size(); ++row) {
        into.clear();
        auto const value =
            relation.value(change_of(from.tuples[row], row), the_transaction, the_time, into);
        if (!value || *value != from.event(row)) {
            wrong_answer();
        }
    }
    if (!perf::heap_is_counted() || encode_rows(from, relation, into) != from.ends.back()) {
        wrong_answer();
    }
    std::uint64_t const before = perf::allocations_so_far();
    for (auto _ : state) {
        auto size = encode_rows(from, relation, into);
        benchmark::DoNotOptimize(size);
    }
    report(state, from, perf::allocations_so_far() - before);
}

void encode_boost_json(benchmark::State& state, perf::shape which) {
    rows const& from = rows_in(which);
    auto const shape = perf::relation_of(which);
    std::uint64_t const before = perf::allocations_so_far();
    for (auto _ : state) {
        std::size_t size = 0;
        for (std::size_t row = 0; row < from.tuples.size(); ++row) {
            size += by_boost_json(shape, change_of(from.tuples[row], row)).size();
        }
        benchmark::DoNotOptimize(size);
    }
    report(state, from, perf::allocations_so_far() - before);
}

// --- decode

// What reading must add up to: sizes of all values of the rows.
std::size_t value_bytes(rows const& from) {
    std::size_t sum = 0;
    for (pgoutput::tuple_view const tuple : from.tuples) {
        pgoutput::tuple_view::cursor cursor{tuple};
        for (std::uint32_t left = tuple.column_count(); left > 0; --left) {
            auto const value = cursor.next();
            // "true" for t
            sum += value.bytes == "t" ? 4 : value.bytes.size();
        }
    }
    return sum;
}

struct reader {
    event::event_decoder decoder;
    event::field_names names;
    event::event_view event;
    arena strings;
};

[[gnu::noinline]] std::size_t decode_rows(rows const& from, reader& with) {
    std::size_t sum = 0;
    std::size_t batch_ends = 0;
    for (std::size_t row = 0; row < from.ends.size(); ++row) {
        if (from.ends[row] >= batch_ends) {
            batch_ends = from.ends[row] + batch_bytes;
            with.strings.clear();
        }
        if (!with.decoder.value(from.event(row), {}, with.names, with.event, with.strings)) {
            wrong_answer();
        }
        for (auto const& value : with.event.after) {
            sum += value.text.size();
        }
    }
    return sum;
}

void decode_all(benchmark::State& state, rows const& from) {
    reader with;
    if (!perf::heap_is_counted() || decode_rows(from, with) != value_bytes(from)) {
        wrong_answer();
    }
    std::uint64_t const before = perf::allocations_so_far();
    for (auto _ : state) {
        auto sum = decode_rows(from, with);
        benchmark::DoNotOptimize(sum);
    }
    report(state, from, perf::allocations_so_far() - before);
}

void decode(benchmark::State& state, perf::shape which) {
    decode_all(state, rows_in(which));
}

// What a record shares with the one before is another each time, and is learnt anew.
void decode_small_transactions(benchmark::State& state) {
    static rows const from = make_rows(perf::shape::chat, 2);
    decode_all(state, from);
}

// Every field, none of them kept.
std::size_t visit(json::object object) {
    std::size_t sum = 0;
    for (auto field : object) {
        json::value value = field.value();
        std::string_view const token = value.raw_json_token();
        sum += token.front() == '{' ? visit(value.get_object()) : token.size();
    }
    return sum;
}

// Every field's name and value as simdjson gives them to whoever needs them: strings unescaped, numbers as text.
std::size_t read_fields(json::object object) {
    std::size_t sum = 0;
    for (auto field : object) {
        std::string_view const name = field.unescaped_key();
        sum += name.size();
        json::value value = field.value();
        std::string_view const token = value.raw_json_token();
        if (token.front() == '{') {
            sum += read_fields(value.get_object());
        } else if (token.front() == '"') {
            std::string_view const text = value.get_string();
            sum += text.size();
        } else {
            sum += token.size();
        }
    }
    return sum;
}

template <std::size_t (*Read)(json::object)>
void decode_by_simdjson(benchmark::State& state, perf::shape which) {
    rows const& from = rows_in(which);
    json::parser parser;
    std::uint64_t const before = perf::allocations_so_far();
    for (auto _ : state) {
        std::size_t sum = 0;
        for (std::size_t row = 0; row < from.ends.size(); ++row) {
            std::string_view const text = from.event(row);
            json::document document =
                parser.iterate(text.data(), text.size(), text.size() + event::record_padding);
            sum += Read(document.get_object());
        }
        benchmark::DoNotOptimize(sum);
    }
    report(state, from, perf::allocations_so_far() - before);
}

int const registered = [] {
    struct {
        char const* name;
        void (*run)(benchmark::State&, perf::shape);
    } const benches[] = {{"encode", encode},
                         {"encode_boost_json", encode_boost_json},
                         {"decode", decode},
                         {"decode_simdjson_visit", decode_by_simdjson<visit>},
                         {"decode_simdjson_read", decode_by_simdjson<read_fields>}};
    for (auto const& bench : benches) {
        for (perf::shape const which : perf::all_shapes) {
            benchmark::RegisterBenchmark(
                (std::string{bench.name} + "/" + perf::name_of(which)).c_str(), bench.run, which)
                ->Unit(benchmark::kMillisecond);
        }
    }
    benchmark::RegisterBenchmark("decode/small_transactions", decode_small_transactions)
        ->Unit(benchmark::kMillisecond);
    return 0;
}();

} // namespace
} // namespace tandem
