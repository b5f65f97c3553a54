// What it costs to turn decoded changes into the parameters of a peer transaction: coalescing, keys
// in order, one binary array per column. 200,000 chat_message changes in transactions of 100, 2,000
// changes a batch, as the applier does it with the default --batch-rows.
// Every benchmark first encodes all batches once and compares the arrays, element by element, with
// the rows they were made from. `memcpy` appends the same values to one buffer per column and is the
// reference of the same run.
#include "engine/core/batch_builder.hpp"
#include "engine/core/row_encoder.hpp"
#include "engine/core/table_plan.hpp"
#include "perf/micro/chat_rows.hpp"
#include "perf/micro/counted_heap.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem {
namespace {

constexpr std::size_t rows_total = 200'000;
constexpr std::size_t rows_per_transaction = 100;
constexpr std::size_t rows_per_batch = 2'000;

engine::table_plan chat_plan() {
    struct column {
        char const* name;
        char const* type_name;
        std::uint32_t type;
    };
    std::vector<column> const columns{
        {"id", "bigint", 20},
        {"room_id", "integer", 23},
        {"user_id", "text", 25},
        {"body", "text", 25},
        {"sent_at", "timestamp with time zone", 1184},
        {"likes", "integer", 23},
        {"meta", "jsonb", 3802},
    };
    auto shape = std::make_shared<pgoutput::relation_shape>();
    shape->id = oid{16'400};
    shape->schema = "public";
    shape->name = "chat_message";
    engine::target_relation target;
    target.exists = true;
    target.primary_key = {"id"};
    for (auto const& each : columns) {
        shape->columns.push_back({each.name, oid{each.type}, -1, shape->columns.empty()});
        target.columns.push_back({each.name, oid{each.type}, each.type_name, -1, false, false});
    }
    return engine::make_plan(shape, target, 0);
}

// The messages and the changes that are views into them.
struct workload {
    std::vector<std::string> messages;
    std::vector<engine::change> changes;
    std::size_t bytes = 0; // of the messages
};

// Inserts of ascending keys, or updates that come back to each of `keys` keys in turn.
workload make_workload(std::size_t keys) {
    workload made;
    made.messages.reserve(rows_total);
    for (std::size_t row = 0; row < rows_total; ++row) {
        auto const columns = perf::chat_message(keys == 0 ? row : row * 7'919 % keys, row);
        made.messages.push_back(keys == 0 ? wire::insert(16'400, columns)
                                          : wire::update(16'400, columns));
        made.bytes += made.messages.back().size();
    }
    for (auto const& message : made.messages) {
        auto const decoded = pgoutput::decode(message);
        engine::change change;
        if (auto const* inserted = std::get_if<pgoutput::insert>(&*decoded)) {
            change.new_row = inserted->new_row;
        } else {
            change.kind = engine::change_kind::update;
            change.new_row = std::get<pgoutput::update>(*decoded).new_row;
        }
        made.changes.push_back(change);
    }
    return made;
}

workload const& inserts() {
    static workload const made = make_workload(0);
    return made;
}

workload const& hot_updates() {
    static workload const made = make_workload(500); // each key four times a batch
    return made;
}

void fill(engine::batch_builder& batch, workload const& from, std::size_t first,
          engine::table_plan const& plan) {
    for (std::size_t row = first; row < first + rows_per_batch; ++row) {
        std::size_t const transaction = row / rows_per_transaction;
        if (row % rows_per_transaction == 0) {
            auto const number = static_cast<std::uint32_t>(transaction);
            batch.begin({xid{number}, pg_time{static_cast<std::int64_t>(transaction)}, lsn{row}});
        }
        batch.add(from.changes[row], plan);
        if ((row + 1) % rows_per_transaction == 0) {
            batch.commit(lsn{row + 1});
        }
    }
}

// --- the answer, read back without the engine's code -------------------------------------------------

using value = std::optional<std::string_view>;

// The elements of a one-dimensional array in binary form; empty when it is not well formed.
std::vector<value> elements(std::string_view bytes) {
    auto const number = [&](std::size_t at) {
        std::uint32_t read = 0;
        for (std::size_t byte = at; byte < at + 4; ++byte) {
            read = read << 8U | static_cast<unsigned char>(bytes[byte]);
        }
        return read;
    };
    std::vector<value> found;
    std::size_t at = 20;
    for (std::uint32_t left = number(12); left > 0; --left) {
        std::uint32_t const size = number(at);
        at += 4;
        if (size == ~std::uint32_t{0}) {
            found.push_back(std::nullopt);
        } else {
            found.push_back(bytes.substr(at, size));
            at += size;
        }
    }
    return at == bytes.size() ? found : std::vector<value>{};
}

using table_rows = std::map<std::string, wire::columns>; // by key

// The last state of every key among those changes.
table_rows expected_rows(workload const& from, std::size_t first) {
    table_rows rows;
    for (std::size_t row = first; row < first + rows_per_batch; ++row) {
        auto columns = wire::columns_of(from.changes[row].new_row);
        auto key = columns[0].bytes;
        rows[key] = std::move(columns);
    }
    return rows;
}

bool same_rows(table_rows const& wanted, engine::encoded_rows const& sent) {
    std::vector<std::vector<value>> columns;
    for (auto& array : sent.arrays) {
        columns.push_back(elements(array.finish()));
        if (columns.back().size() != wanted.size()) {
            return false;
        }
    }
    auto row = wanted.begin(); // keys of equal length: the map's order is the keys' order
    for (std::size_t at = 0; at < wanted.size(); ++at, ++row) {
        for (std::size_t column = 0; column < row->second.size(); ++column) {
            auto const& expected = row->second[column];
            value const got = columns[column][at];
            if (got.has_value() != (expected.kind != 'n') || (got && *got != expected.bytes)) {
                return false;
            }
        }
    }
    return true;
}

void check(workload const& from, engine::table_plan const& plan) {
    engine::batch_builder batch;
    engine::row_encoder encoder{false};
    for (std::size_t first = 0; first < rows_total; first += rows_per_batch) {
        fill(batch, from, first, plan);
        auto const wanted = expected_rows(from, first);
        std::size_t right = 0;
        for (auto const& step : batch.steps()) {
            auto const encoded = encoder.encode(batch, batch.group(step.group), [&](auto& sent) {
                right += same_rows(wanted, sent) ? sent.rows : 0;
            });
            right = encoded == engine::encode_outcome::done ? right : 0;
        }
        if (!perf::heap_is_counted() || right != wanted.size()) {
            std::fputs("batch_bench: the answer is wrong, so its time means nothing\n", stderr);
            std::exit(1);
        }
        batch.clear();
    }
}

// --- the measurements -----------------------------------------------------------------------------------

// Runs `one_batch(first row)` over the whole load, once before the clock starts: what is reused from
// batch to batch has its size then.
template <class OneBatch>
void measure(benchmark::State& state, workload const& from, OneBatch const& one_batch) {
    auto const all = [&] {
        for (std::size_t first = 0; first < rows_total; first += rows_per_batch) {
            one_batch(first);
        }
    };
    all();
    std::uint64_t const before = perf::allocations_so_far();
    for (auto _ : state) {
        all();
    }
    perf::report(state, rows_total, from.bytes, perf::allocations_so_far() - before);
}

void build(benchmark::State& state, workload const& (*load)()) {
    auto const plan = chat_plan();
    check(load(), plan);
    engine::batch_builder batch;
    measure(state, load(), [&](std::size_t first) {
        fill(batch, load(), first, plan);
        benchmark::DoNotOptimize(batch.steps().data());
        batch.clear();
    });
}

void build_and_encode(benchmark::State& state, workload const& (*load)()) {
    auto const plan = chat_plan();
    check(load(), plan);
    engine::batch_builder batch;
    engine::row_encoder encoder{false};
    engine::row_encoder::sink const sink = [](engine::encoded_rows const& sent) {
        for (auto& array : sent.arrays) {
            benchmark::DoNotOptimize(array.finish().data());
        }
    };
    measure(state, load(), [&](std::size_t first) {
        fill(batch, load(), first, plan);
        for (auto const& step : batch.steps()) {
            auto encoded = encoder.encode(batch, batch.group(step.group), sink);
            benchmark::DoNotOptimize(encoded);
        }
        batch.clear();
    });
}

void copy_values(benchmark::State& state, workload const& (*load)()) {
    std::vector<std::string> buffers(7);
    measure(state, load(), [&](std::size_t first) {
        for (std::size_t row = first; row < first + rows_per_batch; ++row) {
            pgoutput::tuple_view::cursor columns{load().changes[row].new_row};
            for (auto& buffer : buffers) {
                buffer.append(columns.next().bytes);
            }
        }
        for (auto& buffer : buffers) {
            benchmark::DoNotOptimize(buffer.data());
            buffer.clear();
        }
    });
}

BENCHMARK_CAPTURE(copy_values, inserts, &inserts)->Name("memcpy")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(build, inserts, &inserts)->Name("build")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(build_and_encode, inserts, &inserts)
    ->Name("build_and_encode")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(build_and_encode, hot_updates, &hot_updates)
    ->Name("coalesce_and_encode")
    ->Unit(benchmark::kMillisecond);

} // namespace
} // namespace tandem
