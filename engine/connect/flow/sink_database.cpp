// What a sink does in its database.

#include "engine/connect/flow/sink_offsets.hpp"
#include "engine/connect/flow/sink_parts.hpp"
#include "engine/connect/flow/sink_task.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace tandem::connect {
namespace {

using namespace std::chrono_literals;
using engine::failure;
using engine::next_step;
using engine::outcome_of;
using engine::retry_after;
using io::pg::parameters;

constexpr char const* make_origin =
    "SELECT pg_replication_origin_create($1) WHERE NOT EXISTS (SELECT FROM pg_replication_origin WHERE roname = $1)";

constexpr char const* columns_of =
    "SELECT a.attname, format_type(a.atttypid, -1), a.attidentity = 'a', a.attgenerated <> '' FROM pg_attribute AS a "
    "JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1 "
    "AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

// What a sink needs of its database and does not have, with what to do.
failure cured(std::string const& node, std::string const& doing, io::pg::error const& why) {
    if (why.sqlstate == "42501") {
        return failure{next_step::paused,
                       fmt::format("{}: {}: {}; the sink keeps its offsets in schema "
                                   "tandem_connect and marks what it writes by a replication "
                                   "origin: let its user create the schema (GRANT CREATE ON "
                                   "DATABASE) and execute pg_replication_origin_create, "
                                   "_session_setup and _session_is_setup, then restart the task",
                                   node, doing, why.message)};
    }
    auto again = retry_after(node, doing, why);
    if (why.sqlstate == "53400") {
        again.reason += "; each sink has a replication origin: raise the server's "
                        "max_replication_slots (from PostgreSQL 18 max_active_replication_origins)";
    }
    return again;
}

} // namespace

// Where offsets are kept, and the origin, which one session has at a time: whoever had it before is ended.
io::awaitable<sink_task::voided> sink_task::take_database(parts& into) {
    auto const failed = [this](std::string const& doing, io::pg::error const& why) {
        return cured(settings_.node.name, doing, why);
    };
    parameters none;
    auto const made = co_await into.target->query(make_offsets_table, std::move(none));
    if (!made) {
        co_return failed("making room for offsets", made.error());
    }
    auto const origin = fmt::format("tandem_connect_{}_{}", setup_.connector, setup_.number);
    parameters named;
    named.emplace_back(origin);
    auto const created = co_await into.target->query(make_origin, std::move(named));
    if (!created && created.error().sqlstate != "23505") {
        co_return failed("making its origin", created.error());
    }
    for (int left = 100; left > 0; --left) {
        parameters of;
        of.emplace_back(origin);
        auto const taken = co_await into.target->query(
            "SELECT pg_replication_origin_session_setup($1)", std::move(of));
        if (taken) {
            break;
        }
        if (taken.error().sqlstate != "55006" || left == 1) {
            co_return failed("taking its origin", taken.error());
        }
        parameters older;
        older.emplace_back(fmt::format("tandem sink {} {}", setup_.connector, setup_.number));
        auto const ended = co_await into.catalog->query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND "
            "datname = current_database() AND pid <> pg_backend_pid() AND backend_start < (SELECT "
            "backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()) - interval '0.5 s'",
            std::move(older));
        if (!ended) {
            co_return failed("ending an earlier session", ended.error());
        }
        io::asio::steady_timer pause{co_await io::asio::this_coro::executor, 50ms};
        co_await pause.async_wait(io::asio::use_awaitable);
    }
    parameters connector;
    connector.emplace_back(setup_.connector);
    auto const offsets = co_await into.catalog->query(
        "SELECT topic, partition, next_offset, source, commit_lsn, number FROM tandem_connect.sink_offset WHERE connector = $1",
        std::move(connector));
    if (!offsets) {
        co_return failed("reading its offsets", offsets.error());
    }
    for (int row = 0; row < offsets->size(); ++row) {
        auto& known = into.places[{std::string{offsets->text(row, 0)},
                                   static_cast<std::int32_t>(offsets->integer(row, 1))}];
        known.next = offsets->integer(row, 2);
        if (known.next < 0 || offsets->integer(row, 1) < 0) {
            co_return engine::failure{
                engine::next_step::paused,
                fmt::format(
                    "table tandem_connect.sink_offset says offset {} of topic {}, partition {}, which "
                    "cannot be: stop the connector and set or reset its offsets",
                    known.next, offsets->text(row, 0), offsets->integer(row, 1))};
        }
        known.source = offsets->text(row, 3);
        known.at.at = lsn::parse(offsets->text(row, 4)).value_or(lsn{});
        known.at.index = static_cast<std::uint64_t>(offsets->integer(row, 5));
    }
    co_return boost::system::in_place_value;
}

io::awaitable<sink_task::voided> sink_task::know(parts& with, known_table& entry) {
    if (entry.table != nullptr) {
        co_return boost::system::in_place_value;
    }
    auto const& name = entry.name;
    engine::foreign_rows::target wanted{name.schema, name.table};
    bool const by_primary_key = settings_.keys != key_source::none && settings_.key_fields.empty();
    auto const foreign = co_await with.shapes->read(std::move(wanted), by_primary_key);
    if (!foreign) {
        co_return foreign.error();
    }
    parameters values;
    values.emplace_back(name.schema);
    values.emplace_back(name.table);
    auto const found = co_await with.catalog->query(columns_of, std::move(values));
    if (!found) {
        co_return retry_after(settings_.node.name, "asking for a table's columns", found.error());
    }
    auto made = std::make_unique<sink_table>();
    made->schema = name.schema;
    made->name = name.table;
    for (int row = 0; row < found->size(); ++row) {
        sink_table::column column;
        column.name = found->text(row, 0);
        column.type_name = found->text(row, 1);
        column.identity_always = found->boolean(row, 2);
        column.generated = found->boolean(row, 3);
        auto const of = std::ranges::find((*foreign)->shape.columns, column.name,
                                          &pgoutput::column_shape::name);
        if (of != (*foreign)->shape.columns.end()) {
            column.key = by_primary_key && of->key;
            column.type =
                (*foreign)->types[static_cast<std::size_t>(of - (*foreign)->shape.columns.begin())];
        }
        made->columns.push_back(std::move(column));
    }
    for (auto const& field : settings_.key_fields) {
        auto at = std::ranges::find(made->columns, field, &sink_table::column::name);
        if (at == made->columns.end()) {
            at = std::ranges::find(made->columns, settings_.column_name(field),
                                   &sink_table::column::name);
        }
        if (at == made->columns.end()) {
            co_return failure{next_step::paused,
                              fmt::format("table {}.{} has no column {}, which is to be of its key",
                                          name.schema, name.table, field)};
        }
        at->key = true;
    }
    made->number = ++with.last_table;
    entry.foreign = *foreign;
    entry.table = std::move(made);
    co_return boost::system::in_place_value;
}

// What the record that was read last needs and is not there, when it may be made.
io::awaitable<sink_task::voided> sink_task::evolve(parts& with, known_table& entry) {
    auto const& name = entry.name;
    if (entry.table == nullptr) {
        parameters values;
        values.emplace_back(name.schema);
        values.emplace_back(name.table);
        auto const found = co_await with.catalog->query(columns_of, std::move(values));
        if (!found) {
            co_return retry_after(settings_.node.name, "asking for a table", found.error());
        }
        if (!found->empty()) {
            auto known = co_await know(with, entry);
            if (!known) {
                co_return known;
            }
        }
    }
    auto const missing = with.records->missing_columns(entry.table.get());
    bool const allowed = entry.table == nullptr ? settings_.creates : settings_.adds;
    if (missing.empty() || !allowed) {
        co_return boost::system::in_place_value;
    }
    auto const wanted = entry.table == nullptr ? create_table(name, missing, settings_.of_confluent)
                                               : add_columns(name, missing, settings_.of_confluent);
    if (!wanted) {
        co_return failure{next_step::paused, wanted.error().what};
    }
    auto drained = co_await drain(with); // what came before it is for the table as it is
    if (!drained) {
        co_return drained;
    }
    auto const made = co_await with.catalog->execute(*wanted);
    bool const there =
        !made && (made.error().sqlstate == "23505" || made.error().sqlstate == "42P07");
    if (!made && !there) { // another task may have been quicker
        auto const& why = made.error();
        bool const passes = why.classify() == io::pg::retry_class::transient;
        co_return passes ? retry_after(settings_.node.name, *wanted, why)
                         : failure{next_step::paused, fmt::format("{}: {}: {}", settings_.node.name,
                                                                  *wanted, why.message)};
    }
    spdlog::info("{}: {}", this->name(), *wanted);
    entry.foreign = nullptr;
    entry.table.reset();
    co_return boost::system::in_place_value;
}

} // namespace tandem::connect
