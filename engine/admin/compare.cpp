#include "engine/admin/compare.hpp"

#include "codecs/sql/quote.hpp"
#include "engine/admin/together.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

namespace tandem::engine {
namespace {

using io::pg::rows;

constexpr std::int64_t rows_per_chunk = 250;
constexpr std::int64_t bytes_per_row = 64; // a small row with its header: chunks get fewer rows
constexpr std::int64_t chunks_max = 65'536;
constexpr int fetched_at_once = 2'000;
constexpr std::int64_t differences_counted = 100'000; // by compare_table(): it only refuses

std::int64_t total(std::vector<chunk_sum> const& chunks) {
    std::int64_t rows = 0;
    for (chunk_sum const& each : chunks) {
        rows += each.rows;
    }
    return rows;
}

awaitable<std::vector<chunk_sum>> read_chunks(session& side, sql::compared_table table,
                                              std::int64_t chunks, std::string doing) {
    auto text = sql::chunk_sums(table, chunks);
    rows const got = co_await side.run(std::move(text), std::move(doing));
    std::vector<chunk_sum> sums;
    sums.reserve(static_cast<std::size_t>(got.size()));
    for (int row = 0; row < got.size(); ++row) {
        sums.push_back({got.integer(row, 0), got.integer(row, 1), std::string{got.text(row, 2)}});
    }
    co_return sums;
}

std::string relation_name(table_info const& table) {
    return sql::qualified(table.schema, table.name);
}

struct table_size {
    std::int64_t bytes = 0;
    double rows = -1; // as of the last ANALYZE; below 0: not known
};

awaitable<table_size> size_of(session& side, std::string name, std::string doing) {
    auto text = fmt::format(
        "SELECT pg_table_size(oid), reltuples::bigint FROM pg_class WHERE oid = {}::regclass",
        sql::literal(name));
    rows const got = co_await side.run(std::move(text), std::move(doing));
    table_size made;
    made.bytes = got.integer(0, 0);
    made.rows = static_cast<double>(got.integer(0, 1));
    co_return made;
}

awaitable<sql::compared_table> compared_side(session& side, table_info where, chosen_table table,
                                             bool same_encoding) {
    sql::compared_table made;
    made.schema = where.schema;
    made.name = where.name;
    made.partitioned = where.kind == 'p';
    made.columns = table.columns;
    std::ranges::sort(made.columns);
    made.where = table.where;
    made.same_encoding = same_encoding;
    io::pg::parameters name;
    name.emplace_back(relation_name(where));
    auto text = sql::key_operators();
    auto doing = "reading the key of table " + where.display();
    rows const got = co_await side.ask(std::move(text), std::move(name), std::move(doing));
    for (std::string const& column : table.key) {
        sql::compared_key one;
        one.name = column;
        for (int row = 0; row < got.size(); ++row) {
            if (got.text(row, 0) == column) {
                one.type_name = std::string{got.text(row, 1)};
                one.equals = got.null(row, 2) ? "=" : std::string{got.text(row, 2)};
                break;
            }
        }
        made.key.push_back(std::move(one));
    }
    co_return made;
}

} // namespace

sql::scan_rests rests_of(int pace, std::int64_t bytes, double rows) noexcept {
    if (pace >= at_full_pace) {
        return {};
    }
    constexpr double bytes_at_once = 32 * 1024;
    constexpr double seconds_of_these = 0.0002; // of a core, to hash them
    constexpr double usual_row = 256;           // bytes
    auto const row = rows > 0 ? std::max(1.0, static_cast<double>(bytes) / rows) : usual_row;
    sql::scan_rests made;
    made.rows = std::max(1.0, bytes_at_once / row);
    made.seconds =
        seconds_of_these * (at_full_pace - pace) / pace * made.rows * row / bytes_at_once;
    return made;
}

std::int64_t chunk_count(std::int64_t bytes) noexcept {
    std::int64_t chunks = 1;
    while (chunks < chunks_max && chunks * rows_per_chunk * bytes_per_row < bytes) {
        chunks *= 2;
    }
    return chunks;
}

std::vector<std::int64_t> differing_chunks(std::vector<chunk_sum> const& source,
                                           std::vector<chunk_sum> const& target) {
    std::map<std::int64_t, std::pair<chunk_sum const*, chunk_sum const*>> pairs;
    for (chunk_sum const& each : source) {
        pairs[each.chunk].first = &each;
    }
    for (chunk_sum const& each : target) {
        pairs[each.chunk].second = &each;
    }
    std::vector<std::int64_t> differing;
    for (auto const& [chunk, pair] : pairs) {
        bool const both = pair.first != nullptr && pair.second != nullptr;
        if (!both || pair.first->rows != pair.second->rows ||
            pair.first->hash != pair.second->hash) {
            differing.push_back(chunk);
        }
    }
    return differing;
}

std::strong_ordering order_of(keyed_row const& left, keyed_row const& right) noexcept {
    if (left.key_hash != right.key_hash) {
        return left.key_hash <=> right.key_hash;
    }
    return std::lexicographical_compare_three_way(
        left.key.begin(), left.key.end(), right.key.begin(), right.key.end(),
        [](std::string const& one, std::string const& other) -> std::strong_ordering {
            return one.compare(other) <=> 0; // bytes, as COLLATE "C"
        });
}

std::string shown_key(std::vector<std::string> const& columns,
                      std::vector<std::string> const& key) {
    return fmt::format("({})=({})", fmt::join(columns, ", "), fmt::join(key, ", "));
}

void note_difference(table_comparison& into, std::vector<std::string> const& columns,
                     differing_key const& what, std::size_t keys_max) {
    ++into.different;
    if (into.only_source.size() + into.only_target.size() + into.changed.size() >= keys_max) {
        return;
    }
    auto& list = what.at_source && what.at_target ? into.changed
                 : what.at_source                 ? into.only_source
                                                  : into.only_target;
    list.push_back(shown_key(columns, what.key));
}

awaitable<compared_pair> compared(session& source, session& target, chosen_table table) {
    bool const same =
        source.link().parameter("server_encoding") == target.link().parameter("server_encoding");
    compared_pair made;
    made.source = co_await compared_side(source, table.source, table, same);
    made.target = co_await compared_side(target, table.target, table, same);
    co_return made;
}

awaitable<void> row_stream::open(std::string select) {
    auto declare = "DECLARE tandem_rows NO SCROLL CURSOR FOR " + select;
    co_await side_.run(std::move(declare), doing_);
    fetched_.clear();
    at_ = 0;
    ended_ = false;
}

awaitable<keyed_row const*> row_stream::peek() {
    if (at_ >= fetched_.size() && !ended_) {
        auto fetch = fmt::format("FETCH {} FROM tandem_rows", fetched_at_once);
        rows const got = co_await side_.run(std::move(fetch), doing_);
        fetched_.clear();
        at_ = 0;
        for (int row = 0; row < got.size(); ++row) {
            keyed_row one;
            one.key_hash = got.integer(row, 0);
            one.hash = std::string{got.text(row, 1)};
            for (int column = 2; column < got.columns(); ++column) {
                one.key.emplace_back(got.text(row, column));
            }
            fetched_.push_back(std::move(one));
        }
        ended_ = got.size() < fetched_at_once;
    }
    co_return at_ < fetched_.size() ? &fetched_[at_] : nullptr;
}

awaitable<void> row_stream::close() {
    std::string close_it = "CLOSE tandem_rows";
    co_await side_.run(std::move(close_it), doing_);
}

table_differences::table_differences(session& source, session& target, chosen_table const& table,
                                     int pace)
    : source_{source},
      target_{target},
      table_{table},
      pace_{pace},
      doing_{"comparing table " + table.source.display()},
      left_{source, doing_},
      right_{target, doing_} {}

awaitable<void> table_differences::open(table_comparison& into) {
    into.table = table_.source.display();
    tables_ = co_await compared(source_, target_, table_);
    auto const left_name = relation_name(table_.source);
    auto const right_name = relation_name(table_.target);
    auto const left_size = co_await size_of(source_, left_name, doing_);
    auto const right_size = co_await size_of(target_, right_name, doing_);
    tables_.source.rests = rests_of(pace_, left_size.bytes, left_size.rows);
    tables_.target.rests = rests_of(pace_, right_size.bytes, right_size.rows);
    auto const chunks = chunk_count(std::max(left_size.bytes, right_size.bytes));
    auto reading = together(read_chunks(source_, tables_.source, chunks, doing_),
                            read_chunks(target_, tables_.target, chunks, doing_));
    auto const [left, right] = co_await std::move(reading);
    into.source_rows = total(left);
    into.target_rows = total(right);
    auto const differing = differing_chunks(left, right);
    if (differing.empty()) {
        co_return;
    }
    // A list of most of them would cost more than it leaves out.
    bool const most = static_cast<std::int64_t>(differing.size()) * 2 > chunks;
    auto const list = most ? std::string{} : fmt::format("{}", fmt::join(differing, ","));
    auto left_rows = sql::chunk_rows(tables_.source, chunks, list);
    auto right_rows = sql::chunk_rows(tables_.target, chunks, list);
    co_await left_.open(std::move(left_rows));
    co_await right_.open(std::move(right_rows));
    open_ = true;
}

awaitable<std::vector<differing_key>> table_differences::next(std::size_t most) {
    std::vector<differing_key> found;
    while (open_ && found.size() < most) {
        auto const* const left = co_await left_.peek();
        auto const* const right = co_await right_.peek();
        if (left == nullptr && right == nullptr) {
            break;
        }
        auto const order = left == nullptr    ? std::strong_ordering::greater
                           : right == nullptr ? std::strong_ordering::less
                                              : order_of(*left, *right);
        if (order < 0) {
            passed_hash_ = left->key_hash;
            found.push_back({left->key, true, false});
            left_.pass();
        } else if (order > 0) {
            passed_hash_ = right->key_hash;
            found.push_back({right->key, false, true});
            right_.pass();
        } else {
            passed_hash_ = left->key_hash;
            if (left->hash != right->hash) {
                found.push_back({left->key, true, true});
            }
            left_.pass();
            right_.pass();
        }
    }
    co_return found;
}

// Hashes are spread evenly.
double table_differences::part() const noexcept {
    constexpr double all = 18'446'744'073'709'551'616.0; // 2^64
    return open_ ? static_cast<double>(passed_hash_) / all + 0.5 : 1.0;
}

awaitable<void> table_differences::close() {
    if (open_) {
        open_ = false;
        co_await left_.close();
        co_await right_.close();
    }
}

awaitable<table_comparison> compare_table(session& source, session& target, chosen_table table,
                                          std::size_t keys_max) {
    table_comparison found;
    table_differences differences{source, target, table};
    co_await differences.open(found);
    for (;;) {
        auto const keys = co_await differences.next(1'000);
        for (differing_key const& each : keys) {
            note_difference(found, table.key, each, keys_max);
        }
        if (keys.empty()) {
            break;
        }
        if (found.different >= differences_counted) {
            found.complete = false;
            break;
        }
    }
    co_await differences.close();
    co_return found;
}

} // namespace tandem::engine
