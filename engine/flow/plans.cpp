#include "engine/flow/plans.hpp"

#include "codecs/sql/quote.hpp"
#include "engine/ddl/follow.hpp"
#include "engine/flow/orphans.hpp"
#include "engine/flow/own_ddl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace tandem::engine {
namespace {

constexpr char const* columns_query =
    "SELECT a.attname, a.atttypid, format_type(a.atttypid, -1), a.atttypmod, a.attgenerated <> '', "
    "a.attidentity = 'a', (SELECT string_agg(t.typname, ',' ORDER BY t.oid) FROM pg_type AS t WHERE t.typnamespace = "
    "to_regnamespace('tandem') AND t.typname LIKE 'form\\_%' AND t.typtype = 'e'), EXISTS (SELECT FROM tandem.ddl AS d WHERE d.node "
    "IS NULL AND (d.seen_at IS NULL OR d.seen_at > $3::pg_lsn)) FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid "
    "JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2 AND "
    "c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

// One row per key column. A nullable column may hold several nulls, so such an index is no key.
constexpr char const* keys_query =
    "SELECT i.indexrelid, i.indisprimary, a.attname, (SELECT CASE WHEN s.nspname = 'pg_catalog' THEN "
    "o.oprname ELSE format('OPERATOR(%I.%s)', s.nspname, o.oprname) END FROM pg_opclass AS l "
    "JOIN pg_amop AS m ON m.amopfamily = l.opcfamily AND m.amoplefttype = l.opcintype AND "
    "m.amoprighttype = l.opcintype AND m.amopstrategy = 3 JOIN pg_operator AS o ON o.oid = m.amopopr "
    "JOIN pg_namespace AS s ON s.oid = o.oprnamespace "
    "WHERE l.oid = (i.indclass::oid[])[k.place - 1]) FROM pg_index AS i "
    "JOIN pg_class AS c ON c.oid = i.indrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace "
    "CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place) "
    "JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number "
    "WHERE n.nspname = $1 AND c.relname = $2 AND i.indisunique AND i.indisvalid AND "
    "i.indimmediate AND NOT i.indisexclusion AND i.indpred IS NULL AND i.indexprs IS NULL AND k.place <= i.indnkeyatts AND "
    "NOT EXISTS (SELECT 1 FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS o(number, place) "
    "JOIN pg_attribute AS b ON b.attrelid = i.indrelid AND b.attnum = o.number "
    "WHERE o.place <= i.indnkeyatts AND NOT b.attnotnull) "
    "ORDER BY i.indisprimary DESC, i.indexrelid, k.place";

void fill_columns(target_relation& target, io::pg::rows const& got) {
    target.exists = !got.empty();
    for (int row = 0; row < got.size(); ++row) {
        target_column column;
        column.name = std::string{got.text(row, 0)};
        column.type = oid{static_cast<std::uint32_t>(got.integer(row, 1))};
        column.type_name = std::string{got.text(row, 2)};
        column.type_modifier = static_cast<std::int32_t>(got.integer(row, 3));
        column.generated = got.boolean(row, 4);
        column.identity_always = got.boolean(row, 5);
        target.form = got.text(row, 6);
        target.altered = got.boolean(row, 7);
        target.columns.push_back(std::move(column));
    }
}

void fill_keys(target_relation& target, io::pg::rows const& got) {
    for (int row = 0; row < got.size(); ++row) {
        std::string name{got.text(row, 2)};
        if (!got.null(row, 3)) {
            for (auto& column : target.columns) {
                column.equals = column.name == name ? std::string{got.text(row, 3)} : column.equals;
            }
        }
        if (got.boolean(row, 1)) {
            target.primary_key.push_back(std::move(name));
            continue;
        }
        bool const next_index = row == 0 || got.text(row, 0) != got.text(row - 1, 0);
        if (next_index) {
            target.unique_keys.emplace_back();
        }
        target.unique_keys.back().push_back(std::move(name));
    }
}

} // namespace

table_plan* plans::find(pgoutput::relation_shape const* shape) noexcept {
    if (shape == last_shape_) {
        return last_plan_;
    }
    auto const at = known_.find(shape);
    if (at == known_.end()) {
        return nullptr;
    }
    last_shape_ = shape;
    last_plan_ = at->second.get();
    return last_plan_;
}

// By its number, where the target is the node that decodes it: the name can be another's by now.
io::awaitable<outcome_of<pgoutput::relation_ptr>> plans::as_called_now(
    pgoutput::relation_ptr shape) {
    io::pg::parameters number;
    number.emplace_back(std::to_string(shape->id.value));
    auto asking = ask(
        "SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
        "WHERE c.oid = $1::oid",
        std::move(number), "reading a table's name");
    auto const got = co_await std::move(asking);
    if (!got) {
        co_return got.error();
    }
    if (got->empty()) {
        co_return pgoutput::relation_ptr{};
    }
    if (got->text(0, 0) == shape->schema && got->text(0, 1) == shape->name) {
        co_return shape;
    }
    auto made = std::make_shared<pgoutput::relation_shape>(*shape);
    made->schema = got->text(0, 0);
    made->name = got->text(0, 1);
    co_return pgoutput::relation_ptr{std::move(made)};
}

io::awaitable<outcome_of<table_plan*>> plans::resolve_own(pgoutput::relation_ptr shape) {
    auto calling = as_called_now(shape);
    auto const now = co_await std::move(calling);
    if (!now) {
        co_return now.error();
    }
    target_relation target;
    if (*now != nullptr) {
        auto reading = read((*now)->schema, (*now)->name);
        auto found = co_await std::move(reading);
        if (!found) {
            co_return found.error();
        }
        target = std::move(*found);
    }
    auto plan = std::make_unique<table_plan>(
        make_plan(*now != nullptr ? *now : shape, target, next_number_++));
    decide_by_name(*plan);
    if (!plan->usable && *now != nullptr && setup_.ddl) {
        auto followed = co_await follow_own_ddl(*plan);
        if (!followed) {
            co_return followed.error();
        }
    }
    auto const* key = shape.get();
    plan->described = std::move(shape); // its address stays taken: plans are found by it
    auto* const made = plan.get();
    known_[key] = std::move(plan);
    last_shape_ = nullptr;
    co_return made;
}

io::awaitable<outcome_of<table_plan*>> plans::resolve(pgoutput::relation_ptr shape) {
    if (own_) {
        co_return co_await resolve_own(std::move(shape));
    }
    auto reading = read(shape->schema.empty() ? "pg_catalog" : shape->schema, shape->name);
    auto target = co_await std::move(reading);
    if (!target) {
        co_return target.error();
    }
    auto const* key = shape.get();
    auto plan = std::make_unique<table_plan>(make_plan(std::move(shape), *target, next_number_++));
    decide_by_name(*plan);
    if ((!plan->usable || target->altered) && setup_.ddl) {
        auto followed = co_await follow_own_ddl(*plan);
        if (!followed) {
            co_return followed.error();
        }
    }
    auto* const made = plan.get();
    known_[key] = std::move(plan);
    last_shape_ = nullptr;
    co_return made;
}

void plans::also_follow(std::vector<ddl::message> messages) {
    forget();
    ahead_ = std::move(messages);
}

void plans::follow_no_more() {
    if (!ahead_.empty()) {
        also_follow({});
    }
}

// The changes may have been written before the peer carried out what was altered here.
io::awaitable<outcome_of<void>> plans::follow_own_ddl(table_plan& plan) {
    io::pg::parameters none;
    auto asking = ask(own_ddl_query, std::move(none), "reading tandem.ddl");
    auto const got = co_await std::move(asking);
    if (!got) {
        co_return got.error();
    }
    auto const log = read_own_ddl(*got, as_of_);
    ddl::names_there there;
    there.schema = plan.schema;
    there.name = plan.name;
    for (auto const& column : plan.shape->columns) {
        there.columns.push_back(column.name);
    }
    ddl::followed_table at;
    std::tie(at.schema, at.name) = ddl::name_behind(plan.schema, plan.name, ahead_);
    auto moved_on = ddl::moved_unseen(at.schema, at.name, log);
    if (moved_on) {
        at = *std::move(moved_on);
    }
    auto reading = read(at.schema, at.name);
    auto target = co_await std::move(reading);
    if (target && !target->exists && !at.gone) {
        at = ddl::follow_table(at.schema, at.name, log);
        auto again = read(at.schema, at.name);
        target = co_await std::move(again);
    }
    if (!target) {
        co_return target.error();
    }
    if (at.gone) { // what has that name now, if anything, is another one
        plan.gone = true;
        plan.usable = plan.on_target = false;
    }
    if (at.gone || !target->exists) {
        co_return boost::system::in_place_value;
    }
    std::vector<std::string> here;
    for (auto const& column : target->columns) {
        here.push_back(column.name);
    }
    auto const followed = ddl::follow_columns(std::move(at), there, here, log, ahead_);
    auto moved_shape = std::make_shared<pgoutput::relation_shape>(*plan.shape);
    moved_shape->schema = followed.schema;
    moved_shape->name = followed.name;
    moved_columns moved;
    for (std::size_t number = 0; number < there.columns.size(); ++number) {
        auto const& column = followed.columns[number];
        moved.gone.push_back(column.gone);
        moved.retyped.push_back(column.retyped && !binary_);
        moved_shape->columns[number].name = column.name;
    }
    auto made = make_plan(std::move(moved_shape), *target, plan.number, &moved);
    if (made.usable && std::ranges::any_of(followed.columns, &ddl::followed_column::computed)) {
        for (auto const& column : followed.columns) {
            made.kept.push_back(column.computed);
        }
    }
    if (made.usable) {
        made.described = plan.shape; // its address stays taken: plans are found by it
        plan = std::move(made);
        decide_by_name(plan);
    }
    co_return boost::system::in_place_value;
}

void plans::decide_by_name(table_plan& plan) const {
    plan.conflicts = setup_.conflicts.of(plan.schema, plan.name);
}

void plans::as_of(lsn position) {
    if (position != as_of_) {
        forget();
        as_of_ = position;
    }
}

void plans::read_by(catalog_reader reader) {
    forget();
    reader_ = std::move(reader);
}

// $1 is the schema, $2 the name.
io::awaitable<outcome_of<io::pg::rows>> plans::ask(char const* text, io::pg::parameters table,
                                                   char const* doing) {
    if (!reader_) {
        auto got = co_await catalog_.query(text, std::move(table));
        if (!got) {
            co_return retry_after(setup_.target.name, doing, got.error());
        }
        co_return std::move(*got);
    }
    std::string written{text};
    for (std::size_t number = 0; number < table.size(); ++number) {
        auto const mark = fmt::format("${}", number + 1);
        auto const quoted = sql::literal(table[number].value_or(std::string{}));
        for (auto at = written.find(mark); at != std::string::npos;
             at = written.find(mark, at + quoted.size())) {
            written.replace(at, 2, quoted);
        }
    }
    auto reading = reader_(std::move(written));
    auto got = co_await std::move(reading);
    co_return got;
}

void plans::forget() {
    known_.clear();
    last_shape_ = nullptr;
    last_plan_ = nullptr;
}

io::awaitable<outcome_of<target_relation>> plans::read(std::string schema, std::string name) {
    target_relation target;
    io::pg::parameters table;
    table.emplace_back(std::move(schema));
    table.emplace_back(std::move(name));
    auto with_place = table;
    with_place.emplace_back(to_string(as_of_));
    auto columns = co_await ask(columns_query, std::move(with_place), "reading a table's columns");
    if (!columns) {
        co_return columns.error();
    }
    fill_columns(target, *columns);
    auto keys = co_await ask(keys_query, table, "reading a table's keys");
    if (!keys) {
        co_return keys.error();
    }
    fill_keys(target, *keys);
    if (setup_.replica_role &&
        !reader_) { // otherwise the server checks them, or soon this reads again
        auto reading = read_foreign_keys(setup_, catalog_, std::move(table));
        auto referring = co_await std::move(reading);
        if (!referring) {
            co_return referring.error();
        }
        target.referred_by = std::move(*referring);
    }
    co_return target;
}

} // namespace tandem::engine
