// Which transformations `tandem run` can carry out.

#include "engine/config/error.hpp"
#include "engine/config/nearest.hpp"
#include "engine/connect/row_transforms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace tandem::connect {
namespace {

// Connect has them; a row's table and key are not a transformation's to choose here.
void refuse_what_moves(engine::transform_entry const& entry) {
    auto const type = text_in(entry.keys, "type");
    constexpr std::array<std::string_view, 3> routers{
        "org.apache.kafka.connect.transforms.RegexRouter",
        "org.apache.kafka.connect.transforms.TimestampRouter",
        "io.debezium.transforms.ContentBasedRouter"};
    if (std::ranges::find(routers, type) != routers.end()) {
        throw engine::config_error{fmt::format(
            "{}: {} sends records to other topics, and a row goes to the table of the same name: "
            "leave it out, or use it with the connectors of tandem connect",
            entry.where, type)};
    }
    if (type.ends_with("$Key") || type == "org.apache.kafka.connect.transforms.ValueToKey") {
        throw engine::config_error{fmt::format(
            "{}: {} changes a record's key, and the other node finds a row by its table's key: "
            "leave it out, or use it with the connectors of tandem connect",
            entry.where, type)};
    }
}

// A key that nothing reads is one that was meant otherwise.
void refuse_unknown_keys(std::string const& where, property_map const& keys,
                         setting_definitions const& known, std::vector<std::string> names) {
    for (auto const& each : known) {
        names.push_back(each.name);
    }
    for (auto const& [key, text] : keys) {
        if (std::ranges::find(names, key) != names.end()) {
            continue;
        }
        auto const near = engine::nearest(key, names);
        throw engine::config_error{
            fmt::format("{}: unknown key '{}'{}", where, key,
                        near ? fmt::format("; did you mean '{}'?", *near) : "")};
    }
}

bool takes_rows_out(std::string_view type) noexcept {
    return type == "io.debezium.transforms.ExtractNewRecordState" ||
           type == "org.apache.kafka.connect.transforms.ExtractField$Value";
}

// In front of such a one the record is an envelope, and the row's fields are not its own.
void refuse_before_rows(engine::row_transform_entries const& all, std::size_t at) {
    constexpr std::array<std::string_view, 4> of_fields{
        "org.apache.kafka.connect.transforms.MaskField$Value",
        "org.apache.kafka.connect.transforms.ReplaceField$Value",
        "org.apache.kafka.connect.transforms.InsertField$Value",
        "org.apache.kafka.connect.transforms.TimestampConverter$Value"};
    auto const& entry = all.transforms[at];
    auto const type = text_in(entry.keys, "type");
    if (std::ranges::find(of_fields, type) == of_fields.end()) {
        return;
    }
    auto const texts = [](engine::transform_entry const& of) {
        std::vector<std::string> made;
        std::ranges::transform(of.tables, std::back_inserter(made), &engine::table_pattern::text);
        return made;
    };
    bool const has_rows = std::any_of(
        all.transforms.begin(), all.transforms.begin() + static_cast<std::ptrdiff_t>(at),
        [&](auto const& each) {
            return takes_rows_out(text_in(each.keys, "type")) &&
                   (each.from.empty() || each.from == entry.from) &&
                   (each.tables.empty() || texts(each) == texts(entry));
        });
    if (!has_rows) {
        throw engine::config_error{fmt::format(
            "{}: {} would find the envelope's fields (before, after, source, op) and not the row's: put "
            "ExtractNewRecordState with the same from and tables, or without, before it",
            entry.where, type)};
    }
}

// Debezium's standard loses deletes, which nobody would look for in a sync.
void refuse_what_is_not_said(engine::transform_entry const& entry) {
    bool const unwraps =
        text_in(entry.keys, "type") == "io.debezium.transforms.ExtractNewRecordState";
    if (unwraps && !entry.keys.contains("delete.tombstone.handling.mode") &&
        !entry.keys.contains("delete.handling.mode")) {
        throw engine::config_error{fmt::format(
            "{}: it does not say what becomes of deletes, and its standard drops them: set "
            "delete.tombstone.handling.mode to tombstone, which keeps them, or to drop",
            entry.where)};
    }
    if (entry.keys.contains("negate") && !entry.keys.contains("predicate")) {
        throw engine::config_error{fmt::format("{}: negate without a predicate", entry.where)};
    }
}

} // namespace

property_map row_chain_config(engine::row_transform_entries const& all,
                              std::vector<engine::transform_entry const*> const& chosen) {
    property_map made;
    std::string names;
    auto const add = [&](std::string_view kind, std::string const& name, property_map const& keys) {
        for (auto const& [key, text] : keys) {
            made[fmt::format("{}.{}.{}", kind, name, key)] = text;
        }
    };
    for (auto const* each : chosen) {
        names += (names.empty() ? "" : ",") + each->name;
        add("transforms", each->name, each->keys);
    }
    for (auto const& [name, keys] : all.predicates) {
        add("predicates", name, keys);
    }
    if (!names.empty()) {
        made["transforms"] = names;
    }
    return made;
}

void check_row_transforms(engine::options const& set) {
    auto const& all = set.row_transforms;
    for (auto const& entry : all.transforms) {
        if (!entry.from.empty() && set.member(entry.from) == nullptr) {
            throw engine::config_error{
                fmt::format("{}: from: there is no node '{}'", entry.where, entry.from)};
        }
        refuse_what_moves(entry);
        refuse_what_is_not_said(entry);
        auto const when = text_in(entry.keys, "predicate");
        if (!when.empty() && !all.predicates.contains(when)) {
            throw engine::config_error{
                fmt::format("{}: predicate: there is no [predicate.{}]", entry.where, when)};
        }
        if (auto const made = transformation_chain::of(row_chain_config(all, {&entry})); !made) {
            throw engine::config_error{fmt::format("{}: {}", entry.where, made.error().what)};
        }
        auto const* const kind = find_transformation(text_in(entry.keys, "type"));
        refuse_unknown_keys(entry.where, entry.keys, kind->definitions(),
                            {"type", "predicate", "negate", "from", "tables", "name"});
        refuse_before_rows(all, static_cast<std::size_t>(&entry - all.transforms.data()));
    }
    for (auto const& [name, keys] : all.predicates) {
        auto const where =
            fmt::format("{}{}predicate {}", all.file, all.file.empty() ? "" : ": ", name);
        auto const* const kind = find_predicate(text_in(keys, "type"));
        if (kind == nullptr) {
            throw engine::config_error{
                fmt::format("{}: {}", where, no_such_class("type", text_in(keys, "type"), {}))};
        }
        refuse_unknown_keys(where, keys, kind->definitions(), {"type"});
    }
}

} // namespace tandem::connect
