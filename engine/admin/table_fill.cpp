#include "engine/admin/table_fill.hpp"

#include "codecs/sql/quote.hpp"
#include "codecs/sql/repair_statements.hpp"
#include "engine/admin/failure.hpp"
#include "engine/admin/repair.hpp"
#include "engine/core/names.hpp"
#include "io/pg/copy_between.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace tandem::engine {
namespace {

constexpr std::int64_t pages_a_piece = 1'024; // 8 MB
constexpr std::int64_t rows_a_page_most = 20; // of a copy that is as good as empty
constexpr std::int64_t times_as_many = 10;    // has the other one
constexpr int reads_ranges_major = 14;        // before, every piece would read the whole table
constexpr char const* unique_violation_state = "23505";
constexpr char const* filling = "filling an empty copy of a table";

std::string filled_name(table_info const& table) {
    return sql::qualified(table.schema, table.name);
}

awaitable<std::int64_t> pages_of(session& node, table_info where) {
    auto text = fmt::format(
        "SELECT coalesce(sum(pg_relation_size(relid)), 0)::bigint / "
        "current_setting('block_size')::integer FROM pg_partition_tree({0}::regclass) "
        "UNION ALL SELECT pg_relation_size({0}::regclass) / current_setting('block_size')::integer",
        sql::literal(filled_name(where)));
    auto const got = co_await node.run(std::move(text), filling);
    co_return std::max(got.integer(0, 0), got.integer(1, 0));
}

awaitable<std::int64_t> rows_up_to(session& node, table_info where, std::string filter,
                                   std::int64_t most) {
    auto text = fmt::format("SELECT count(*) FROM (SELECT FROM {}{} WHERE {} LIMIT {}) AS rows",
                            where.kind == 'p' ? "" : "ONLY ", filled_name(where),
                            filter.empty() ? "true" : filter, most);
    auto const got = co_await node.run(std::move(text), filling);
    co_return got.integer(0, 0);
}

// Nothing is there, or no more than what a stream, or an application, has put there meanwhile.
awaitable<bool> few_beside(session& copy, table_info where, session& other, table_info there,
                           std::string filter) {
    auto const pages = co_await pages_of(other, there);
    auto const most = pages * rows_a_page_most;
    auto const few = co_await rows_up_to(copy, where, filter, most + 1);
    if (few > most) {
        co_return false;
    }
    auto const enough = times_as_many * few + 1;
    auto const many = co_await rows_up_to(other, there, filter, enough);
    co_return many == enough;
}

// The first page behind each piece; -1: to the end.
awaitable<std::vector<std::int64_t>> pieces_of(session& reader, table_info from, bool by_ranges) {
    std::vector<std::int64_t> ends;
    if (by_ranges) {
        auto const pages = co_await pages_of(reader, from);
        for (auto end = pages_a_piece; end < pages; end += pages_a_piece) {
            ends.push_back(end);
        }
    }
    ends.push_back(-1);
    co_return ends;
}

struct filled_table {
    std::string out; // up to the piece's condition
    std::string to;
    std::string columns;
    std::string where;
};

std::string piece_of(filled_table const& table, std::int64_t begin, std::int64_t end) {
    std::string condition = table.where.empty() ? "true" : fmt::format("({})", table.where);
    if (begin > 0) {
        condition += fmt::format(" AND ctid >= '({},0)'::tid", begin);
    }
    if (end >= 0) {
        condition += fmt::format(" AND ctid < '({},0)'::tid", end);
    }
    return fmt::format("COPY ({} WHERE {}) TO STDOUT", table.out, condition);
}

// In the transaction that the writer is in. `aside`: what is there already stays.
awaitable<io::pg::result<io::pg::copied>> copy_piece(session& reader, session& writer,
                                                     filled_table table, std::string out,
                                                     bool aside) {
    if (aside) {
        auto make =
            fmt::format("CREATE TEMPORARY TABLE tandem_piece ON COMMIT DROP AS SELECT {} FROM {} "
                        "WITH NO DATA",
                        table.columns, table.to);
        co_await writer.run(std::move(make), filling);
    }
    auto in = fmt::format("COPY {} ({}) FROM STDIN", aside ? "pg_temp.tandem_piece" : table.to,
                          table.columns);
    auto copying =
        io::pg::copy_between(reader.link(), std::move(out), writer.link(), std::move(in));
    auto copied = co_await std::move(copying);
    if (copied && aside) {
        auto put = fmt::format("INSERT INTO {0} ({1}) OVERRIDING SYSTEM VALUE SELECT {1} FROM "
                               "pg_temp.tandem_piece ON CONFLICT DO NOTHING",
                               table.to, table.columns);
        auto const done = co_await writer.run(std::move(put), filling);
        copied->rows = done.affected();
    }
    co_return copied;
}

// False: the rest is left as it is.
awaitable<bool> fill_piece(session& reader, session& writer, filled_table table, std::string out,
                           table_filling& into) {
    for (;;) {
        bool const aside = into.met;
        auto const begin = "BEGIN; " + sql::set_version(std::nullopt);
        co_await writer.run(begin, filling);
        auto copying = copy_piece(reader, writer, table, out, aside);
        auto const copied = co_await std::move(copying);
        if (copied) {
            co_await writer.run("COMMIT", filling);
            into.rows += copied->rows;
            into.bytes += copied->bytes;
            co_return true;
        }
        co_await writer.run("ROLLBACK", filling);
        // The stream, or an application, was there before.
        into.met = copied.error().sqlstate == unique_violation_state;
        if (aside || !into.met) {
            spdlog::warn("{}: filling table {} by COPY: {}; the rest is merged", into.to, table.to,
                         copied.error().message);
            co_return false;
        }
    }
}

} // namespace

awaitable<std::optional<table_filling>> to_be_filled(workbench& bench, table_choice const& choice,
                                                     chosen_table const& table,
                                                     std::string follow) {
    session& source = bench.of(choice.source);
    session& target = bench.of(choice.target);
    bool const few_here =
        co_await few_beside(source, table.source, target, table.target, table.where);
    bool const few_there =
        co_await few_beside(target, table.target, source, table.source, table.where);
    std::optional<table_filling> made;
    if (few_here == few_there) {
        co_return made;
    }
    made.emplace();
    made->from = few_there ? choice.source : choice.target;
    made->to = few_there ? choice.target : choice.source;
    bool const wanted = follow.empty() || follow == made->from;
    if (!wanted || !catalog_of(bench.nodes, made->to).role.set_replica_role) {
        made.reset();
    }
    co_return made;
}

awaitable<table_filling> fill_table(workbench& bench, options const& set, chosen_table const& table,
                                    table_filling what, bool forward, filling_sink progress) {
    table_info const& from = forward ? table.source : table.target;
    table_info const& to = forward ? table.target : table.source;
    auto const executor = co_await io::asio::this_coro::executor;
    node_options const from_node = *set.node(what.from);
    session reader = co_await session::open(executor, from_node);
    auto const origin = silent_origin_name(catalog_of(bench.nodes, what.to).database);
    session writer = co_await open_under_origin(executor, bench, set, what.to, origin);
    filled_table names;
    for (std::string const& each : table.columns) {
        names.columns.append(names.columns.empty() ? "" : ", ").append(sql::identifier(each));
    }
    bool const whole = from.kind == 'p';
    names.out =
        fmt::format("SELECT {} FROM {}{}", names.columns, whole ? "" : "ONLY ", filled_name(from));
    names.to = filled_name(to);
    names.where = table.where;
    bool const by_ranges =
        !whole && catalog_of(bench.nodes, what.from).major() >= reads_ranges_major;
    auto const ends = co_await pieces_of(reader, from, by_ranges);
    std::int64_t begin = 0;
    for (std::size_t at = 0; at < ends.size(); ++at) {
        auto out = piece_of(names, begin, ends[at]);
        bool const filled = co_await fill_piece(reader, writer, names, std::move(out), what);
        if (!filled) {
            co_return what;
        }
        begin = ends[at];
        what.part = static_cast<double>(at + 1) / static_cast<double>(ends.size());
        what.done = at + 1 == ends.size();
        auto telling = progress(what);
        co_await std::move(telling);
    }
    co_return what;
}

} // namespace tandem::engine
