#include "engine/admin/read_catalog.hpp"

#include "codecs/sql/quote.hpp"
#include "engine/admin/catalog_queries.hpp"

#include <charconv>
#include <unordered_map>

namespace tandem::engine {
namespace {

using io::pg::rows;

std::string text(rows const& from, int row, int column) {
    return std::string{from.text(row, column)};
}

char letter(rows const& from, int row, int column) noexcept {
    auto const value = from.text(row, column);
    return value.empty() ? char{0} : value.front();
}

int integer(rows const& from, int row, int column) noexcept {
    return static_cast<int>(from.integer(row, column));
}

oid object(rows const& from, int row, int column) noexcept {
    return {static_cast<std::uint32_t>(from.integer(row, column))};
}

lsn position(rows const& from, int row, int column) noexcept {
    return lsn::parse(from.text(row, column)).value_or(lsn{});
}

std::vector<oid> objects(std::string_view list) {
    std::vector<oid> all;
    while (!list.empty()) {
        oid each;
        auto const [stop, failed] =
            std::from_chars(list.data(), list.data() + list.size(), each.value);
        if (failed != std::errc{}) {
            break;
        }
        all.push_back(each);
        list.remove_prefix(static_cast<std::size_t>(stop - list.data()));
        list.remove_prefix(list.starts_with(',') ? 1 : 0);
    }
    return all;
}

// Everything below runs inside one repeatable-read transaction of `from`.
class reader {
public:
    explicit reader(session& from) noexcept : from_{from} {}

    awaitable<void> server(node_catalog& into) {
        rows const got = co_await run(catalog_query::server);
        into.server_version = from_.link().server_version();
        into.version = text(got, 0, 0);
        into.system_id = text(got, 0, 1);
        into.timeline = integer(got, 0, 2);
        into.database = object(got, 0, 3);
        into.database_name = text(got, 0, 4);
        into.encoding = text(got, 0, 5);
        into.in_recovery = got.boolean(0, 6);
        into.wal_level = text(got, 0, 7);
        into.track_commit_timestamp = got.boolean(0, 8);
        into.slots_max = integer(got, 0, 9);
        into.slots_used = integer(got, 0, 10);
        into.senders_max = integer(got, 0, 11);
        into.senders_used = integer(got, 0, 12);
        into.origins_max = integer(got, 0, 13);
        into.large_objects = got.integer(0, 14);
        into.running_since = text(got, 0, 15);
    }

    awaitable<void> role(node_catalog& into) {
        rows const got = co_await run(catalog_query::role);
        role_info& role = into.role;
        role.name = text(got, 0, 0);
        role.superuser = got.boolean(0, 1);
        role.replication = got.boolean(0, 2);
        role.bypass_row_security = got.boolean(0, 3);
        role.create_in_database = got.boolean(0, 4);
        role.use_origins = role.superuser;
        role.set_replica_role = role.superuser;
        if (into.major() >= 14) {
            rows const allowed = co_await run(catalog_query::use_origins);
            role.use_origins = allowed.boolean(0, 0);
        }
        if (into.major() >= 15) {
            rows const allowed = co_await run(catalog_query::set_replica_role);
            role.set_replica_role = allowed.boolean(0, 0);
        }
    }

    awaitable<void> tables(node_catalog& into) {
        rows const got = co_await run(catalog_query::tables);
        into.tables.reserve(static_cast<std::size_t>(got.size()));
        for (int row = 0; row < got.size(); ++row) {
            table_info table;
            table.id = object(got, row, 0);
            table.schema = text(got, row, 1);
            table.name = text(got, row, 2);
            table.kind = letter(got, row, 3);
            table.leaf = got.boolean(row, 4);
            table.persistence = letter(got, row, 5);
            table.replica_identity = letter(got, row, 6);
            table.row_security = got.boolean(row, 7);
            table.row_security_forced = got.boolean(row, 8);
            table.owner = text(got, row, 9);
            table.member_of_owner = got.boolean(row, 10);
            table.extension = text(got, row, 11);
            table.rows_estimate = got.integer(row, 12);
            table.ancestors = objects(got.text(row, 13));
            table.schema_usable = got.boolean(row, 14);
            place_.emplace(table.id.value, into.tables.size());
            into.tables.push_back(std::move(table));
        }
    }

    awaitable<void> columns(node_catalog& into) {
        rows const got = co_await run(catalog_query::columns);
        for (int row = 0; row < got.size(); ++row) {
            column_info column;
            column.name = text(got, row, 1);
            column.type = object(got, row, 2);
            column.type_name = text(got, row, 3);
            column.type_modifier = integer(got, row, 4);
            column.not_null = got.boolean(row, 5);
            column.has_default = got.boolean(row, 6);
            column.generated = letter(got, row, 7) != 0;
            column.identity = letter(got, row, 8);
            column.type_kind = letter(got, row, 9);
            column.type_category = letter(got, row, 10);
            column.collation = text(got, row, 11);
            if (table_info* const table = at(into, got, row)) {
                table->columns.push_back(std::move(column));
            }
        }
    }

    awaitable<void> keys(node_catalog& into) {
        rows const got = co_await run(catalog_query::keys);
        for (int row = 0; row < got.size(); ++row) {
            table_info* const table = at(into, got, row);
            if (table == nullptr) {
                continue;
            }
            std::string const index = text(got, row, 1);
            if (table->keys.empty() || table->keys.back().index != index) {
                table->keys.push_back({index, {}, got.boolean(row, 3), got.boolean(row, 4), true});
            }
            table->keys.back().columns.push_back(text(got, row, 2));
            table->keys.back().not_null = table->keys.back().not_null && got.boolean(row, 5);
        }
        rows const deferrable = co_await run(catalog_query::deferrable_primary_keys);
        for (int row = 0; row < deferrable.size(); ++row) {
            if (table_info* const table = at(into, deferrable, row)) {
                table->deferrable_primary_key = true;
            }
        }
    }

    awaitable<void> triggers(node_catalog& into) {
        rows const got = co_await run(catalog_query::triggers);
        for (int row = 0; row < got.size(); ++row) {
            if (table_info* const table = at(into, got, row)) {
                if (got.boolean(row, 3)) {
                    table->stamps_origin = true;
                } else {
                    table->triggers.push_back({text(got, row, 1), letter(got, row, 2)});
                }
            }
        }
    }

    awaitable<void> sequences(node_catalog& into) {
        rows const got = co_await run(catalog_query::sequences);
        for (int row = 0; row < got.size(); ++row) {
            sequence_info& each = into.sequences.emplace_back();
            each.schema = text(got, row, 0);
            each.name = text(got, row, 1);
            each.increment = got.integer(row, 2);
            each.start = got.integer(row, 3);
            each.minimum = got.integer(row, 4);
            each.maximum = got.integer(row, 5);
            each.cycles = got.boolean(row, 6);
            each.readable = got.boolean(row, 7);
            each.generates_values = got.boolean(row, 8);
            each.next = each.start;
        }
    }

    awaitable<void> installation(node_catalog& into) {
        installation_info& found = into.installed;
        rows const exists = co_await run(catalog_query::installed);
        found.schema_exists = exists.boolean(0, 0);
        found.progress_published = exists.boolean(0, 4);
        found.ddl_triggers = exists.boolean(0, 5);
        found.tells = exists.boolean(0, 6);
        if (exists.boolean(0, 1)) {
            rows const meta = co_await run(catalog_query::meta);
            if (!meta.empty()) {
                found.schema_version = integer(meta, 0, 0);
                found.node = text(meta, 0, 1);
                found.incarnation = text(meta, 0, 2);
                found.origin_column = text(meta, 0, 3);
                found.joining = text(meta, 0, 4);
            }
        }
        if (exists.boolean(0, 2)) {
            rows const progress = co_await run(catalog_query::progress);
            for (int row = 0; row < progress.size(); ++row) {
                found.progress.push_back({text(progress, row, 0), integer(progress, row, 1),
                                          position(progress, row, 2), position(progress, row, 3),
                                          position(progress, row, 4), text(progress, row, 5)});
            }
        }
        if (exists.boolean(0, 3)) {
            rows const sending = co_await run(catalog_query::sending);
            for (int row = 0; row < sending.size(); ++row) {
                found.sending.push_back(text(sending, row, 0));
            }
        }
        rows const slots = co_await run(catalog_query::slots);
        for (int row = 0; row < slots.size(); ++row) {
            found.slots.push_back({text(slots, row, 0), text(slots, row, 1), slots.boolean(row, 2),
                                   position(slots, row, 3), position(slots, row, 4),
                                   text(slots, row, 5)});
        }
        rows const origins = co_await run(catalog_query::origins);
        for (int row = 0; row < origins.size(); ++row) {
            found.origins.push_back(text(origins, row, 0));
        }
    }

    awaitable<void> publication(node_catalog& into) {
        rows const got = co_await run(catalog_query::publication);
        if (got.empty()) {
            co_return;
        }
        publication_info found{got.boolean(0, 0),
                               got.boolean(0, 1),
                               got.boolean(0, 2),
                               got.boolean(0, 3),
                               got.boolean(0, 4),
                               got.boolean(0, 5),
                               {}};
        rows const list = co_await run(into.major() >= 15 ? catalog_query::published
                                                          : catalog_query::published_before_15);
        for (int row = 0; row < list.size(); ++row) {
            oid const id = object(list, row, 0);
            if (found.tables.empty() || found.tables.back().id != id) {
                found.tables.push_back({id, {}, text(list, row, 2)});
            }
            if (!list.null(row, 1)) {
                found.tables.back().columns.push_back(text(list, row, 1));
            }
        }
        into.installed.publication = std::move(found);
    }

    awaitable<rows> run(char const* sql) { return from_.run(sql, "reading the catalog"); }

private:
    // The table named by oid in the row's first column, if it was there when the list was read.
    table_info* at(node_catalog& into, rows const& got, int row) const {
        auto const found = place_.find(object(got, row, 0).value);
        return found == place_.end() ? nullptr : &into.tables[found->second];
    }

    session& from_;
    std::unordered_map<std::uint32_t, std::size_t> place_;
};

} // namespace

awaitable<node_catalog> read_catalog(session& node, int rank) {
    node_catalog read;
    read.name = node.node();
    read.rank = rank;
    reader from{node};
    co_await from.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    co_await from.server(read);
    co_await from.role(read);
    co_await from.tables(read);
    co_await from.columns(read);
    co_await from.keys(read);
    co_await from.triggers(read);
    co_await from.sequences(read);
    co_await from.installation(read);
    co_await from.publication(read);
    co_await from.run("COMMIT");
    co_return read;
}

awaitable<void> read_sequence_states(session& node, node_catalog& into) {
    for (sequence_info& each : into.sequences) {
        if (!each.readable || !each.generates_values) {
            continue;
        }
        rows const state = co_await node.run(
            "SELECT CASE WHEN is_called THEN last_value + (" + std::to_string(each.increment) +
                ")::numeric ELSE last_value END FROM " + sql::qualified(each.schema, each.name),
            "reading a sequence");
        auto const next = state.text(0, 0);
        // Used up: nothing comes next, what it has given stays.
        auto const read = std::from_chars(next.data(), next.data() + next.size(), each.next);
        if (read.ec != std::errc{}) {
            each.next = each.start;
        }
    }
}

} // namespace tandem::engine
