#include "engine/admin/compare.hpp"

#include "codecs/sql/quote.hpp"
#include "engine/admin/together.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <unordered_map>

namespace tandem::engine {
namespace {

using io::pg::rows;

constexpr std::int64_t rows_per_chunk = 10'000;
constexpr std::int64_t bytes_per_row = 64; // a small row with its header: chunks get fewer rows
constexpr std::int64_t chunks_max = 65'536;
constexpr std::int64_t fetched_rows_max = 100'000; // per side, bounds memory

// ROW("a","b")::text
std::string row_text(std::vector<std::string> const& columns) {
    std::string text{"ROW("};
    for (std::string const& each : columns) {
        text.append(text.size() > 4 ? "," : "").append(sql::identifier(each));
    }
    return text.append(")::text");
}

// 64 bits of a text. Where the servers' encodings differ, of its UTF-8 form.
std::string hash_of(std::string const& text, bool same_encoding) {
    if (same_encoding) {
        return fmt::format("hashtextextended(({}) COLLATE \"C\", 0)", text);
    }
    return fmt::format("('x' || substr(md5(convert_to({}, 'UTF8')), 1, 16))::bit(64)::bigint",
                       text);
}

struct table_query {
    std::string hashed; // SELECT key text, key hash, row hash FROM ...
    std::string size;   // SELECT bytes
};

table_query queries_for(table_info const& side, chosen_table const& table, bool same_encoding) {
    std::vector<std::string> columns = table.columns;
    std::sort(columns.begin(), columns.end());
    std::string const name = sql::qualified(side.schema, side.name);
    std::string const only = side.kind == 'p' ? "" : "ONLY ";
    table_query made;
    made.hashed = fmt::format("SELECT {} AS key, {} AS key_hash, {} AS row_hash FROM {}{}",
                              row_text(table.key), hash_of(row_text(table.key), same_encoding),
                              hash_of(row_text(columns), same_encoding), only, name);
    if (!table.where.empty()) {
        made.hashed += fmt::format(" WHERE ({})", table.where);
    }
    made.size = fmt::format("SELECT pg_table_size({}::regclass)", sql::literal(name));
    return made;
}

awaitable<std::vector<chunk_sum>> read_chunks(session& side, table_query query, std::int64_t chunks,
                                              std::string doing) {
    std::string text =
        fmt::format("SELECT key_hash & {}, count(*), sum(row_hash) FROM ({}) AS hashed "
                    "GROUP BY 1",
                    chunks - 1, query.hashed);
    rows const got = co_await side.run(std::move(text), std::move(doing));
    std::vector<chunk_sum> sums;
    for (int row = 0; row < got.size(); ++row) {
        sums.push_back({got.integer(row, 0), got.integer(row, 1), std::string{got.text(row, 2)}});
    }
    co_return sums;
}

awaitable<std::vector<row_hash>> read_rows(session& side, table_query query, std::int64_t chunks,
                                           std::string list, std::string doing) {
    std::string text =
        fmt::format("SELECT key, row_hash FROM ({}) AS hashed WHERE key_hash & {} = ANY "
                    "('{{{}}}'::bigint[])",
                    query.hashed, chunks - 1, list);
    rows const got = co_await side.run(std::move(text), std::move(doing));
    std::vector<row_hash> read;
    read.reserve(static_cast<std::size_t>(got.size()));
    for (int row = 0; row < got.size(); ++row) {
        read.push_back({std::string{got.text(row, 0)}, std::string{got.text(row, 1)}});
    }
    co_return read;
}

std::int64_t total(std::vector<chunk_sum> const& chunks) {
    std::int64_t rows = 0;
    for (chunk_sum const& each : chunks) {
        rows += each.rows;
    }
    return rows;
}

void note_key(std::vector<std::string>& list, std::string const& columns, std::string const& key,
              std::size_t keys_max, table_comparison const& so_far) {
    if (so_far.only_source.size() + so_far.only_target.size() + so_far.changed.size() < keys_max) {
        list.push_back(fmt::format("({})={}", columns, key));
    }
}

} // namespace

std::int64_t chunk_count(std::int64_t bytes) noexcept {
    std::int64_t chunks = 1;
    while (chunks < chunks_max && chunks * rows_per_chunk * bytes_per_row < bytes) {
        chunks *= 2;
    }
    return chunks;
}

std::vector<chunk_difference> differing_chunks(std::vector<chunk_sum> const& source,
                                               std::vector<chunk_sum> const& target) {
    std::map<std::int64_t, std::pair<chunk_sum const*, chunk_sum const*>> pairs;
    for (chunk_sum const& each : source) {
        pairs[each.chunk].first = &each;
    }
    for (chunk_sum const& each : target) {
        pairs[each.chunk].second = &each;
    }
    std::vector<chunk_difference> differing;
    for (auto const& [chunk, pair] : pairs) {
        std::int64_t const left = pair.first == nullptr ? 0 : pair.first->rows;
        std::int64_t const right = pair.second == nullptr ? 0 : pair.second->rows;
        if (left == right && pair.first->hash == pair.second->hash) {
            continue;
        }
        differing.push_back(
            {chunk, std::max(left, right),
             std::max<std::int64_t>(1, std::max(left, right) - std::min(left, right))});
    }
    return differing;
}

void add_differing_rows(std::vector<row_hash> const& source, std::vector<row_hash> const& target,
                        std::string const& key_columns, std::size_t keys_max,
                        table_comparison& into) {
    std::unordered_map<std::string_view, std::string_view> left;
    for (row_hash const& each : source) {
        left.emplace(each.key, each.hash);
    }
    for (row_hash const& each : target) {
        auto const found = left.find(each.key);
        if (found == left.end()) {
            note_key(into.only_target, key_columns, each.key, keys_max, into);
            ++into.different;
            continue;
        }
        if (found->second != each.hash) {
            note_key(into.changed, key_columns, each.key, keys_max, into);
            ++into.different;
        }
        left.erase(found);
    }
    std::vector<std::string_view> rest;
    for (auto const& [key, hash] : left) {
        rest.push_back(key);
    }
    std::sort(rest.begin(), rest.end());
    for (std::string_view const key : rest) {
        note_key(into.only_source, key_columns, std::string{key}, keys_max, into);
        ++into.different;
    }
}

awaitable<table_comparison> compare_table(session& source, session& target, chosen_table table,
                                          std::size_t keys_max) {
    table_comparison found;
    found.table = table.source.display();
    std::string const doing = "comparing table " + found.table;
    bool const same_encoding =
        source.link().parameter("server_encoding") == target.link().parameter("server_encoding");
    table_query const left = queries_for(table.source, table, same_encoding);
    table_query const right = queries_for(table.target, table, same_encoding);

    rows const left_size = co_await source.run(left.size, doing);
    rows const right_size = co_await target.run(right.size, doing);
    std::int64_t const chunks =
        chunk_count(std::max(left_size.integer(0, 0), right_size.integer(0, 0)));

    auto reading = together(read_chunks(source, left, chunks, doing),
                            read_chunks(target, right, chunks, doing));
    auto const [left_chunks, right_chunks] = co_await std::move(reading);
    found.source_rows = total(left_chunks);
    found.target_rows = total(right_chunks);

    std::string list;
    std::int64_t listed_rows = 0;
    for (chunk_difference const& each : differing_chunks(left_chunks, right_chunks)) {
        if (listed_rows > 0 && listed_rows + each.rows > fetched_rows_max) {
            found.different += each.at_least;
            found.complete = false;
            continue;
        }
        listed_rows += each.rows;
        list.append(list.empty() ? "" : ",").append(std::to_string(each.chunk));
    }
    if (list.empty()) {
        co_return found;
    }
    auto fetching = together(read_rows(source, left, chunks, list, doing),
                             read_rows(target, right, chunks, list, doing));
    auto const [left_rows, right_rows] = co_await std::move(fetching);
    std::string const key_columns = fmt::format("{}", fmt::join(table.key, ", "));
    add_differing_rows(left_rows, right_rows, key_columns, keys_max, found);
    co_return found;
}

} // namespace tandem::engine
