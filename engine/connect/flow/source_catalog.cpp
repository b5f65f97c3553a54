#include "engine/connect/flow/source_catalog.hpp"

#include "codecs/sql/quote.hpp"
#include "engine/flow/catalog_types.hpp"
#include "engine/flow/sessions.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <utility>

namespace tandem::connect {
namespace {

using namespace std::chrono_literals;
using engine::failure;
using engine::next_step;
using engine::outcome_of;
using io::pg::parameters;

constexpr char const* server_state =
    "SELECT current_setting('server_version_num'), (SELECT setting FROM pg_settings WHERE name = "
    "'wal_sender_timeout'), current_setting('wal_level'), (SELECT oid FROM pg_database WHERE "
    "datname = current_database()), pg_current_wal_flush_lsn(), (SELECT system_identifier FROM "
    "pg_control_system()) || '.' || (SELECT timeline_id FROM pg_control_checkpoint())";

constexpr char const* slot_state =
    "SELECT plugin, database, active_pid, confirmed_flush_lsn, to_jsonb(s) ->> 'wal_status', (SELECT application_name "
    "FROM pg_stat_activity WHERE pid = active_pid) FROM pg_replication_slots AS s WHERE slot_name = $1";

constexpr char const* facts_of_table =
    "SELECT a.attname, a.attnotnull, coalesce(pg_get_expr(d.adbin, d.adrelid), ''), (SELECT k.place FROM pg_index AS "
    "i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place) WHERE i.indrelid = c.oid AND "
    "i.indisprimary AND k.attnum = a.attnum AND k.place <= i.indnkeyatts) FROM pg_attribute AS a JOIN pg_class AS c "
    "ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace LEFT JOIN pg_attrdef AS d ON d.adrelid = "
    "c.oid AND d.adnum = a.attnum WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped";

constexpr char const* all_tables =
    "SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind "
    "IN ('r', 'p') AND c.relpersistence = 'p' AND NOT c.relispartition AND n.nspname NOT IN ('pg_catalog', "
    "'information_schema') ORDER BY 1, 2";

lsn lsn_of(io::pg::rows const& from, int row, int column) {
    return lsn::parse(from.text(row, column)).value_or(lsn{});
}

// As the session that reads the slot calls itself, see open_capture_session(); the server keeps that much of it.
std::string reader_of(source_settings const& settings) {
    constexpr std::size_t kept = 63;
    return ("tandem capture " + settings.prefix).substr(0, kept);
}

} // namespace

failure source_catalog::failed(std::string const& doing, io::pg::error const& why) const {
    return engine::retry_after(settings_.node.name, doing, why);
}

io::awaitable<outcome_of<source_point>> source_catalog::prepare(source_past past) {
    parameters none;
    auto const server = co_await link_.query(server_state, std::move(none));
    if (!server) {
        co_return failed("asking the server", server.error());
    }
    source_point made;
    made.version = static_cast<int>(server->integer(0, 0));
    made.sender_timeout = std::chrono::milliseconds{server->integer(0, 1)};
    made.database = {static_cast<std::uint32_t>(server->integer(0, 3))};
    made.flushed = lsn_of(*server, 0, 4);
    made.source = server->text(0, 5);
    if (server->text(0, 2) != "logical") {
        co_return failure{
            next_step::paused,
            fmt::format("Postgres server wal_level property must be 'logical' but is: "
                        "'{}'; set it and restart the server",
                        server->text(0, 2))};
    }
    auto published = co_await ensure_publication();
    if (!published) {
        co_return published.error();
    }
    made.with_rows = settings_.snapshot == snapshot_mode::initial && past == source_past::none;
    auto taken = co_await take_slot(made, past);
    if (!taken) {
        co_return taken.error();
    }
    co_return made;
}

io::awaitable<source_catalog::voided> source_catalog::take_slot(source_point& made,
                                                                source_past past) {
    for (int left = 100; left > 0; --left) {
        parameters name;
        name.emplace_back(settings_.slot);
        auto const slot = co_await link_.query(slot_state, std::move(name));
        if (!slot) {
            co_return failed("asking for the slot", slot.error());
        }
        if (slot->empty() && past == source_past::begun && !settings_.drop_slot) {
            co_return failure{
                next_step::gap,
                fmt::format("replication slot {} is not there any more, so what was written since "
                            "it was dropped may be missing: stop the connector, reset its offsets "
                            "(DELETE /connectors/{}/offsets) and resume it to begin anew",
                            settings_.slot, settings_.node.name)};
        }
        if (slot->empty()) {
            auto done = co_await make_slot(made);
            co_return done;
        }
        bool const being_made = slot->null(0, 0) || slot->text(0, 0).empty();
        if (!being_made &&
            (slot->text(0, 0) != "pgoutput" || slot->text(0, 1) != settings_.database)) {
            co_return failure{
                next_step::paused,
                fmt::format("replication slot {} is of plugin {} and database {}, and this "
                            "connector reads pgoutput in database {}: give it a slot.name of its "
                            "own",
                            settings_.slot, slot->text(0, 0), slot->text(0, 1),
                            settings_.database)};
        }
        if (slot->text(0, 4) == "lost") {
            co_return failure{
                next_step::lost,
                fmt::format("replication slot {} was invalidated by the server: changes that were "
                            "not captured are missing; drop the slot, then restart the connector",
                            settings_.slot)};
        }
        if (slot->null(0, 2)) {
            made.confirmed = lsn_of(*slot, 0, 3);
            co_return boost::system::in_place_value;
        }
        // An earlier start of this connector, perhaps on another worker, is ended; nobody else is: both would get a part.
        auto const reader = slot->optional(0, 5).value_or(std::string{});
        if (!being_made && reader != reader_of(settings_)) {
            co_return failure{
                next_step::retry,
                fmt::format(
                    "replication slot \"{}\" is active for PID {}, {}: one slot feeds one connector; give "
                    "this one a slot.name of its own",
                    settings_.slot, slot->text(0, 2),
                    reader.empty() ? "another session" : "whose name is " + reader)};
        }
        if (!being_made) {
            parameters pid;
            pid.emplace_back(std::string{slot->text(0, 2)});
            auto const ended =
                co_await link_.query("SELECT pg_terminate_backend($1::int)", std::move(pid));
            if (!ended) {
                co_return failed("ending the slot's reader", ended.error());
            }
        }
        io::asio::steady_timer pause{co_await io::asio::this_coro::executor, 50ms};
        co_await pause.async_wait(io::asio::use_awaitable);
    }
    co_return failure{next_step::retry,
                      fmt::format("replication slot {} is read by somebody else", settings_.slot)};
}

// Where its rows are to be read, with a snapshot of the place where it begins: nothing is missing or read twice.
io::awaitable<source_catalog::voided> source_catalog::make_slot(source_point& made) {
    engine::session_request request;
    request.node = settings_.node;
    request.kind = engine::session_kind::replication;
    request.application_name = "tandem connector " + settings_.node.name;
    auto opened =
        co_await engine::open_session(co_await io::asio::this_coro::executor, std::move(request));
    if (!opened) {
        co_return opened.error();
    }
    exporter_ = std::move(*opened);
    auto const created = co_await exporter_->execute(fmt::format(
        "CREATE_REPLICATION_SLOT {} LOGICAL pgoutput {}", sql::identifier(settings_.slot),
        made.with_rows ? "EXPORT_SNAPSHOT" : "NOEXPORT_SNAPSHOT"));
    if (!created) {
        co_return failed("creating the slot", created.error());
    }
    spdlog::info("connector {}: replication slot {} is made", settings_.node.name, settings_.slot);
    made.confirmed = lsn_of(*created, 0, 1);
    made.snapshot = created->text(0, 2);
    if (!made.with_rows) {
        release_snapshot();
    }
    co_return boost::system::in_place_value;
}

io::awaitable<source_catalog::voided> source_catalog::ensure_publication() {
    parameters name;
    name.emplace_back(settings_.publication);
    auto const found = co_await link_.query(
        "SELECT puballtables FROM pg_publication WHERE pubname = $1", std::move(name));
    if (!found) {
        co_return failed("asking for the publication", found.error());
    }
    std::string const quoted = sql::identifier(settings_.publication);
    std::string statement;
    switch (settings_.publishes) {
    case publication_mode::disabled:
        if (found->empty()) {
            co_return failure{next_step::paused,
                              fmt::format("Publication autocreation is disabled, please create "
                                          "publication {} and restart the connector.",
                                          settings_.publication)};
        }
        co_return boost::system::in_place_value;
    case publication_mode::all_tables:
        statement = fmt::format("CREATE PUBLICATION {} FOR ALL TABLES", quoted);
        break;
    case publication_mode::no_tables:
        statement = fmt::format("CREATE PUBLICATION {}", quoted);
        break;
    case publication_mode::filtered: {
        auto const tables = co_await captured_tables();
        if (!tables) {
            co_return tables.error();
        }
        if (tables->empty()) {
            co_return failure{next_step::paused,
                              fmt::format("No table filters found for filtered publication {}",
                                          settings_.publication)};
        }
        statement = found->empty() ? fmt::format("CREATE PUBLICATION {} FOR TABLE {}", quoted,
                                                 fmt::join(*tables, ", "))
                                   : fmt::format("ALTER PUBLICATION {} SET TABLE {}", quoted,
                                                 fmt::join(*tables, ", "));
        break;
    }
    }
    if (!found->empty() && settings_.publishes != publication_mode::filtered) {
        co_return boost::system::in_place_value;
    }
    parameters none;
    auto const made = co_await link_.query(statement, std::move(none));
    if (!made && made.error().sqlstate != "42710") { // somebody else made it meanwhile
        co_return failed("creating the publication", made.error());
    }
    spdlog::info("connector {}: publication {} is {}", settings_.node.name, settings_.publication,
                 found->empty() ? "made" : "set");
    co_return boost::system::in_place_value;
}

io::awaitable<outcome_of<std::vector<std::string>>> source_catalog::captured_tables() {
    parameters none;
    auto const found = co_await link_.query(all_tables, std::move(none));
    if (!found) {
        co_return failed("asking for its tables", found.error());
    }
    std::vector<std::string> made;
    for (int row = 0; row < found->size(); ++row) {
        if (settings_.tables.takes(found->text(row, 0), found->text(row, 1))) {
            made.push_back(sql::qualified(found->text(row, 0), found->text(row, 1)));
        }
    }
    co_return made;
}

io::awaitable<outcome_of<event::type_table>> source_catalog::types() {
    auto made = co_await engine::read_user_types(settings_.node.name, link_);
    co_return made;
}

io::awaitable<outcome_of<table_facts>> source_catalog::facts(std::string schema,
                                                             std::string table) {
    parameters values;
    values.emplace_back(schema);
    values.emplace_back(table);
    auto const found = co_await link_.query(facts_of_table, std::move(values));
    if (!found) {
        co_return failed("asking for a table's columns", found.error());
    }
    table_facts made;
    std::map<long long, std::string> key;
    for (int row = 0; row < found->size(); ++row) {
        std::string name{found->text(row, 0)};
        if (!found->null(row, 3)) {
            key.emplace(found->integer(row, 3), name);
        }
        made.columns.emplace(
            std::move(name),
            event::column_facts{found->boolean(row, 1), std::string{found->text(row, 2)}});
    }
    for (auto& [place, name] : key) {
        made.key.push_back(std::move(name));
    }
    co_return made;
}

io::awaitable<source_catalog::voided> source_catalog::advance_slot(lsn to) {
    parameters values;
    values.emplace_back(settings_.slot);
    values.emplace_back(to_string(to));
    auto const done =
        co_await link_.query("SELECT pg_replication_slot_advance($1, $2)", std::move(values));
    if (!done) {
        co_return failed("advancing the slot to the connector's offset", done.error());
    }
    co_return boost::system::in_place_value;
}

io::awaitable<source_catalog::voided> source_catalog::drop_slot() {
    parameters name;
    name.emplace_back(settings_.slot);
    auto const dropped =
        co_await link_.query("SELECT pg_drop_replication_slot($1)", std::move(name));
    if (!dropped) {
        co_return failed("dropping the slot", dropped.error());
    }
    co_return boost::system::in_place_value;
}

} // namespace tandem::connect
