#include "engine/admin/repair.hpp"

#include "codecs/sql/repair_statements.hpp"
#include "engine/admin/failure.hpp"
#include "engine/core/names.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>

namespace tandem::engine {
namespace {

using namespace std::chrono_literals;

constexpr int versions_told_major = 14; // pg_xact_commit_timestamp_origin()
constexpr int filters_origins_major = 16;
constexpr std::size_t rows_a_statement = 500;
constexpr std::size_t bytes_a_message = std::size_t{1} << 20;
constexpr auto reader_patience = 30s;
constexpr char const* lock_not_available_state = "55P03";
constexpr char const* repairing = "repairing rows";

awaitable<std::uint32_t> origin_number(session& node, std::string name) {
    io::pg::parameters values;
    values.emplace_back(std::move(name));
    std::string text = "SELECT roident FROM pg_replication_origin WHERE roname = $1";
    auto const got = co_await node.ask(std::move(text), std::move(values), repairing);
    co_return got.empty() ? 0 : static_cast<std::uint32_t>(got.integer(0, 0));
}

// A column whose value may be written over by itself.
std::string column_to_set(table_info const& table, std::vector<std::string> const& key) {
    std::string found;
    for (column_info const& each : table.columns) {
        if (each.generated || each.identity == 'a') {
            continue;
        }
        bool const in_key = std::ranges::find(key, each.name) != key.end();
        if (!in_key) {
            return each.name;
        }
        found = found.empty() ? each.name : found;
    }
    return found;
}

sql::seen_row seen(settled_key const& key, bool of_source) {
    return {key.key, of_source ? key.rows.source.writer : key.rows.target.writer};
}

} // namespace

repairer::repairer(workbench& bench, options const& set, table_choice const& choice,
                   repair_wish wish)
    : bench_{bench}, set_{set}, choice_{choice}, wish_{std::move(wish)} {
    auto const& source = catalog_of(bench.nodes, choice.source);
    auto const& target = catalog_of(bench.nodes, choice.target);
    versions_ = true;
    for (auto const* each : {&source, &target}) {
        versions_ =
            versions_ && each->major() >= versions_told_major && each->track_commit_timestamp;
    }
    rules_.source_outranks = source.rank > target.rank;
    rules_.peer_deletes = wish_.peer_deletes;
    rules_.filled_deletes = wish_.filled_deletes;
    if (!wish_.prefer.empty()) {
        rules_.prefer = wish_.prefer == choice.source ? repair_side::source : repair_side::target;
    }
    if (!wish_.deleted_at.empty()) {
        rules_.deletes_at =
            wish_.deleted_at == choice.source ? repair_side::source : repair_side::target;
    }
    source_.node = choice.source;
    target_.node = choice.target;
}

repair_deed repairer::decided(key_look const& rows) const noexcept {
    return decide(rows, rules_);
}

awaitable<session> open_under_origin(io::asio::any_io_executor executor, workbench& bench,
                                     options const& set, std::string node, std::string origin) {
    node_options const where = *set.node(node);
    session made = co_await session::open(std::move(executor), where);
    if (catalog_of(bench.nodes, node).role.set_replica_role) {
        co_await made.run("SET session_replication_role = replica", repairing);
    }
    // What is lost with a crash of the server is found and repaired by the next verify.
    co_await made.run("SET lock_timeout = '2s'; SET synchronous_commit = off", repairing);
    std::string const named = fmt::format("SET application_name = '{}'", repair_session_name);
    co_await made.run(named, repairing);
    if (origin.empty()) {
        co_return made;
    }
    auto const number = co_await origin_number(made, origin);
    if (number == 0) {
        io::pg::parameters name;
        name.emplace_back(origin);
        co_await made.ask("SELECT pg_replication_origin_create($1)", std::move(name), repairing);
    }
    io::pg::parameters name;
    name.emplace_back(origin);
    auto setting =
        made.link().query("SELECT pg_replication_origin_session_setup($1)", std::move(name));
    auto const set_up = co_await std::move(setting);
    if (!set_up && set_up.error().sqlstate == "55006") {
        throw command_failed{
            exit_status::environment,
            fmt::format("another repair of node {} is under way: wait for its end", node)};
    }
    if (!set_up) {
        throw database_failure(node, repairing, set_up.error());
    }
    co_return made;
}

// From 16 on a server leaves out what came under any origin, when it was asked to at the start of its stream: an instance
// looks for our sessions before it asks.
awaitable<void> repairer::let_through(std::string source, std::string target) {
    auto const& catalog = catalog_of(bench_.nodes, source);
    if (catalog.major() < filters_origins_major) {
        co_return;
    }
    auto const slot = slot_name(source, target, catalog.database);
    std::string const end_it =
        "SELECT active_pid, pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name "
        "= $1 AND active_pid IS NOT NULL";
    std::string const look = "SELECT active_pid FROM pg_replication_slots WHERE slot_name = $1";
    io::pg::parameters name;
    name.emplace_back(slot);
    auto const ended = co_await bench_.of(source).ask(end_it, name, repairing);
    auto const was = ended.empty() ? std::string{} : std::string{ended.text(0, 0)};
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    auto const until = std::chrono::steady_clock::now() + reader_patience;
    for (;;) {
        auto const now = co_await bench_.of(source).ask(look, name, repairing);
        if (!now.empty() && !now.null(0, 0) && now.text(0, 0) != was) {
            co_return;
        }
        if (std::chrono::steady_clock::now() >= until) {
            throw command_failed{
                exit_status::environment,
                fmt::format("node {}: nobody reads slot {}: a repair needs a running instance",
                            source, slot)};
        }
        timer.expires_after(50ms);
        co_await timer.async_wait(io::use_tuple);
    }
}

awaitable<void> repairer::begin(io::asio::any_io_executor executor) {
    for (hand* one : {&source_, &target_}) {
        auto const database = catalog_of(bench_.nodes, one->node).database;
        auto const resent = wish_.prefer.empty() ? resent_origin_name(database) : std::string{};
        auto resends = co_await open_under_origin(executor, bench_, set_, one->node, resent);
        one->resends = std::make_unique<session>(std::move(resends));
    }
    if (wish_.prefer.empty()) {
        for (direction_names const& each : directions(set_)) {
            co_await let_through(each.source, each.target);
        }
    }
}

awaitable<void> repairer::read_origins() {
    auto const source_name =
        origin_name(catalog_of(bench_.nodes, source_.node).database, target_.node);
    auto const target_name =
        origin_name(catalog_of(bench_.nodes, target_.node).database, source_.node);
    auto const source_silent = silent_origin_name(catalog_of(bench_.nodes, source_.node).database);
    auto const target_silent = silent_origin_name(catalog_of(bench_.nodes, target_.node).database);
    rules_.source_origin = co_await origin_number(bench_.of(source_.node), source_name);
    rules_.target_origin = co_await origin_number(bench_.of(target_.node), target_name);
    rules_.source_silent = co_await origin_number(bench_.of(source_.node), source_silent);
    rules_.target_silent = co_await origin_number(bench_.of(target_.node), target_silent);
}

awaitable<void> repairer::repair(chosen_table const& table, compared_pair const& tables,
                                 std::vector<settled_key> const& keys) {
    std::vector<settled_key> at_source_node;
    std::vector<settled_key> at_target_node;
    for (settled_key const& each : keys) {
        (at_source(decided(each.rows)) ? at_source_node : at_target_node).push_back(each);
    }
    auto const source_column = column_to_set(table.source, table.key);
    auto const target_column = column_to_set(table.target, table.key);
    co_await carry_out(source_, target_, tables.source, tables.target, source_column,
                       std::move(at_source_node), true);
    co_await carry_out(target_, source_, tables.target, tables.source, target_column,
                       std::move(at_target_node), false);
}

namespace {

// Many transactions in one message; each version has its own.
class statement_text {
public:
    explicit statement_text(session& to) : to_{to} {}

    awaitable<void> add(std::string text) {
        text_ += text;
        if (text_.size() >= bytes_a_message) {
            co_await send();
        }
    }
    awaitable<void> send() {
        if (text_.empty()) {
            co_return;
        }
        auto const text = std::exchange(text_, {});
        auto sending = to_.link().execute(text);
        auto const sent = co_await std::move(sending);
        if (!sent && sent.error().sqlstate != lock_not_available_state) {
            throw database_failure(to_.node(), repairing, sent.error());
        }
        if (!sent) { // an application holds a row: what was behind it is tried again
            co_await to_.run("ROLLBACK", repairing);
        }
    }

private:
    session& to_;
    std::string text_;
};

} // namespace

// `by` keeps or removes its own rows; those of `peer` give way.
awaitable<void> repairer::carry_out(hand& by, hand& peer, sql::compared_table table,
                                    sql::compared_table peer_table, std::string column,
                                    std::vector<settled_key> keys, bool of_source) {
    std::map<std::optional<std::int64_t>, std::vector<sql::seen_row>> resent;
    std::vector<sql::seen_row> removed;
    std::vector<sql::seen_row> losing; // at the peer
    for (settled_key const& each : keys) {
        if (removes(decided(each.rows))) {
            removed.push_back(seen(each, of_source));
            continue;
        }
        auto const& mine = of_source ? each.rows.source : each.rows.target;
        resent[wish_.prefer.empty() ? mine.committed_us : std::nullopt].push_back(
            seen(each, of_source));
        if (each.rows.source.there && each.rows.target.there) {
            losing.push_back(seen(each, !of_source));
        }
    }
    auto const parts = [](std::vector<sql::seen_row> const& rows, std::size_t from) {
        return std::span{rows}.subspan(from, std::min(rows_a_statement, rows.size() - from));
    };
    for (std::size_t at = 0; at < losing.size(); at += rows_a_statement) {
        auto text = sql::note_losing_rows(peer_table, parts(losing, at), {by.node, peer.node});
        co_await bench_.of(peer.node).run(std::move(text), repairing);
    }
    if (!removed.empty() && by.removes == nullptr) { // servers have few places for origins
        auto const executor = co_await io::asio::this_coro::executor;
        auto const origin = silent_origin_name(catalog_of(bench_.nodes, by.node).database);
        auto opened = co_await open_under_origin(executor, bench_, set_, by.node, origin);
        by.removes = std::make_unique<session>(std::move(opened));
    }
    std::optional<statement_text> removing;
    if (!removed.empty()) {
        removing.emplace(*by.removes);
    }
    for (std::size_t at = 0; at < removed.size(); at += rows_a_statement) {
        auto noting = sql::note_losing_rows(table, parts(removed, at), {peer.node, by.node});
        co_await bench_.of(by.node).run(std::move(noting), repairing);
        auto text = sql::remove_seen_rows(table, parts(removed, at));
        co_await removing->add(std::move(text));
    }
    if (removing) {
        co_await removing->send();
    }
    statement_text resending{*by.resends};
    for (auto const& [at_us, rows] : resent) {
        sql::resent_version const version{!wish_.prefer.empty(), at_us};
        for (std::size_t at = 0; at < rows.size(); at += rows_a_statement) {
            auto text = sql::resend_rows(table, column, parts(rows, at), version);
            co_await resending.add(std::move(text));
        }
    }
    co_await resending.send();
}

// The origins stay: rows bear their numbers, which another origin would get.
void repairer::end() {
    for (hand* one : {&source_, &target_}) {
        one->resends.reset();
        one->removes.reset();
    }
}

// --- as text

void write_repair_head(text_sink const& into, std::string const& source,
                       std::string const& target) {
    into(fmt::format(
        "-- What makes nodes {0} and {1} equal, by tandem verify. Run all of it on both, as the role that\n"
        "-- tandem runs as: each node takes its own part. A row that was written since is left alone, and\n"
        "-- nothing of this is sent to the peer:\n"
        "--   psql -v ON_ERROR_STOP=1 -f THIS_FILE 'URI of node {0}'\n"
        "--   psql -v ON_ERROR_STOP=1 -f THIS_FILE 'URI of node {1}'\n"
        "SET client_encoding = 'UTF8';\nSET search_path = pg_catalog;\nSET DateStyle = 'ISO, YMD';\n"
        "SET IntervalStyle = 'postgres';\nSET TimeZone = 'UTC';\nSET lc_monetary = 'C';\n"
        "SET standard_conforming_strings = on;\nSET xmloption = content;\n"
        "SET session_replication_role = replica;\n"
        "SELECT pg_replication_origin_create('tandem_silent_' || oid) FROM pg_database WHERE datname = "
        "current_database() AND NOT EXISTS (SELECT FROM pg_replication_origin WHERE roname = "
        "'tandem_silent_' || oid);\n"
        "SELECT pg_replication_origin_session_setup('tandem_silent_' || oid) FROM pg_database WHERE "
        "datname = current_database();\n",
        source, target));
}

void write_repair_end(text_sink const& into) {
    into("SELECT pg_replication_origin_session_reset();\n");
}

awaitable<void> write_repairs(text_sink const& into, workbench& bench, table_choice const& choice,
                              chosen_table const& table, compared_pair const& tables,
                              std::vector<settled_key> const& keys, repairer const& by) {
    for (settled_key const& each : keys) {
        auto const what = by.decided(each.rows);
        bool const of_source = at_source(what);
        auto const& winner = of_source ? choice.source : choice.target;
        auto const& loser = of_source ? choice.target : choice.source;
        auto const& mine = of_source ? each.rows.source : each.rows.target;
        auto const head =
            fmt::format("-- table {} {}: ", table.source.display(), shown_key(table.key, each.key));
        if (removes(what)) {
            auto const& side = of_source ? tables.source : tables.target;
            into(head + fmt::format("goes on node {}\nBEGIN;\n{};\n{}COMMIT;\n", winner,
                                    sql::set_version(std::nullopt),
                                    sql::remove_row_on(winner, side, seen(each, of_source))));
            continue;
        }
        auto const& from = of_source ? tables.source : tables.target;
        auto const& to = of_source ? tables.target : tables.source;
        auto const& to_table = of_source ? table.target : table.source;
        auto text = sql::read_row(from, seen(each, of_source));
        auto const got = co_await bench.of(winner).run(std::move(text), "reading a row to repair");
        if (got.empty()) {
            continue; // written since
        }
        std::vector<sql::repaired_column> row;
        for (std::size_t at = 0; at < from.columns.size(); ++at) {
            sql::repaired_column one;
            one.name = from.columns[at];
            column_info const& info = *to_table.column(one.name);
            one.type_name = info.type_name;
            one.value = got.optional(0, static_cast<int>(at));
            one.key = std::ranges::find(table.key, one.name) != table.key.end();
            one.fixed = info.identity == 'a';
            row.push_back(std::move(one));
        }
        bool const changes = each.rows.source.there && each.rows.target.there;
        into(head + fmt::format("{} node {}, as node {} has it\nBEGIN;\n{};\n{}COMMIT;\n",
                                changes ? "changes on" : "comes to", loser, winner,
                                sql::set_version(mine.committed_us),
                                changes ? sql::update_row_on(loser, to, row, seen(each, !of_source))
                                        : sql::insert_row_on(loser, to, row)));
    }
}

} // namespace tandem::engine
