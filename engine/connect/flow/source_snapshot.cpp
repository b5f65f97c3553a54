#include "engine/connect/flow/source_snapshot.hpp"

#include "codecs/sql/quote.hpp"
#include "engine/connect/flow/relation_query.hpp"
#include "engine/flow/sessions.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace tandem::connect {
namespace {

using engine::outcome_of;

constexpr int rows_at_once = 2'000;

// 32 bits of a transaction's 64 stand in an event.
constexpr char const* moment =
    "SELECT txid_current() % 4294967296, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, "
    "pg_current_wal_insert_lsn()";

void append_big_endian(std::string& to, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) {
        to += static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xFFU);
    }
}

template <class Number>
Number number(io::pg::rows const& from, int row, int column) {
    return static_cast<Number>(from.integer(row, column));
}

} // namespace

pgoutput::tuple_view tuple_of(io::pg::rows const& from, int row, std::string& room) {
    room.clear();
    auto const columns = from.columns();
    for (int column = 0; column < columns; ++column) {
        if (from.null(row, column)) {
            room += static_cast<char>(pgoutput::column_kind::null);
            continue;
        }
        auto const value = from.text(row, column);
        room += static_cast<char>(pgoutput::column_kind::text);
        append_big_endian(room, static_cast<std::uint32_t>(value.size()));
        room += value;
    }
    return {static_cast<std::uint16_t>(columns), room};
}

io::awaitable<outcome_of<std::unique_ptr<source_snapshot>>> source_snapshot::take(
    source_settings const& settings, std::string exported, lsn at) {
    std::unique_ptr<source_snapshot> made{new source_snapshot{settings, at}};
    engine::session_request request;
    request.node = settings.node;
    request.application_name = "tandem connector " + settings.node.name;
    auto opened =
        co_await engine::open_session(co_await io::asio::this_coro::executor, std::move(request));
    if (!opened) {
        co_return opened.error();
    }
    made->link_ = std::move(*opened);
    std::string begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    if (!exported.empty()) {
        begin += "; SET TRANSACTION SNAPSHOT " + sql::literal(exported);
    }
    auto const began = co_await made->ask("taking the snapshot", std::move(begin));
    if (!began) {
        co_return began.error();
    }
    auto const now = co_await made->ask("taking the snapshot", moment);
    if (!now) {
        co_return now.error();
    }
    made->transaction_ = {number<std::uint32_t>(*now, 0, 0)};
    made->begun_ = pg_time::from_unix_us(now->integer(0, 1));
    if (exported.empty()) { // the slot began before
        made->position_ = lsn::parse(now->text(0, 2)).value_or(at);
    }
    co_return made;
}

io::awaitable<outcome_of<io::pg::rows>> source_snapshot::ask(std::string doing,
                                                             std::string statement) {
    auto found = co_await link_->execute(std::move(statement));
    if (!found) {
        co_return engine::retry_after(settings_.node.name, doing, found.error());
    }
    co_return std::move(*found);
}

io::awaitable<outcome_of<std::vector<pgoutput::relation_ptr>>> source_snapshot::tables() {
    std::vector<pgoutput::relation_ptr> made;
    auto const all = co_await ask("asking for its tables", published_query(settings_.publication));
    if (!all) {
        co_return all.error();
    }
    std::vector<std::pair<std::string, std::string>> captured;
    std::vector<std::string> names;
    for (int row = 0; row < all->size(); ++row) {
        if (settings_.tables.takes(all->text(row, 0), all->text(row, 1))) {
            captured.emplace_back(all->text(row, 0), all->text(row, 1));
            names.push_back(sql::qualified(captured.back().first, captured.back().second));
        }
    }
    if (names.empty()) {
        co_return made;
    }
    auto const locked =
        co_await ask("locking its tables",
                     fmt::format("LOCK TABLE {} IN ACCESS SHARE MODE", fmt::join(names, ", ")));
    if (!locked) {
        co_return locked.error();
    }
    for (std::size_t at = 0; at < captured.size(); ++at) {
        auto const seen =
            co_await ask("looking for rows", fmt::format("SELECT FROM {} LIMIT 1", names[at]));
        if (!seen) {
            co_return seen.error();
        }
        if (seen->empty()) {
            continue;
        }
        auto one = co_await shape(captured[at].first, captured[at].second);
        if (!one) {
            co_return one.error();
        }
        made.push_back(std::move(*one));
    }
    co_return made;
}

io::awaitable<outcome_of<pgoutput::relation_ptr>> source_snapshot::shape(std::string schema,
                                                                         std::string name) {
    auto question = relation_query(schema, name);
    auto const found = co_await ask("asking for a table's columns", std::move(question));
    if (!found) {
        co_return found.error();
    }
    co_return relation_of(*found, std::move(schema), std::move(name));
}

io::awaitable<outcome_of<io::pg::rows>> source_snapshot::first(pgoutput::relation_ptr table) {
    std::vector<std::string> columns;
    for (auto const& each : table->columns) {
        columns.push_back(sql::identifier(each.name));
    }
    auto const opened = co_await ask(
        "reading a table",
        fmt::format("DECLARE tandem_rows NO SCROLL CURSOR FOR SELECT {} FROM {}",
                    fmt::join(columns, ", "), sql::qualified(table->schema, table->name)));
    if (!opened) {
        co_return opened.error();
    }
    auto rows = co_await next();
    co_return rows;
}

io::awaitable<outcome_of<io::pg::rows>> source_snapshot::next() {
    auto rows =
        co_await ask("reading a table", fmt::format("FETCH {} FROM tandem_rows", rows_at_once));
    if (rows && rows->empty()) {
        auto const closed = co_await ask("reading a table", "CLOSE tandem_rows");
        if (!closed) {
            co_return closed.error();
        }
    }
    co_return rows;
}

io::awaitable<source_snapshot::voided> source_snapshot::end() {
    auto const ended = co_await ask("ending the snapshot", "COMMIT");
    if (!ended) {
        co_return ended.error();
    }
    co_return boost::system::in_place_value;
}

} // namespace tandem::connect
