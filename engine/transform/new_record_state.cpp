// Debezium's ExtractNewRecordState: the row in place of the envelope around it. Of version 3.0, whose settings are those of
// 1.9 too; delete-to-tombstone is of later ones.
// https://debezium.io/documentation/reference/3.0/transformations/event-flattening.html

#include "engine/transform/envelope_reference.hpp"
#include "engine/transform/kinds.hpp"
#include "engine/transform/plan_cache.hpp"
#include "engine/transform/requirements.hpp"
#include "engine/transform/shared_definitions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tandem::connect {
namespace {

constexpr std::string_view purpose = "source field insertion";

enum class deletes : std::uint8_t {
    drop,
    tombstone, // a null with the row's schema
    rewrite,
    rewrite_with_tombstone,
    delete_to_tombstone, // a null without a schema
};

struct handling {
    deletes of_rows = deletes::drop;
    bool drop_tombstones = true;

    [[nodiscard]] bool rewrites() const noexcept {
        return of_rows == deletes::rewrite || of_rows == deletes::rewrite_with_tombstone;
    }
};

bool same_word(std::string_view one, std::string_view other) noexcept {
    return std::ranges::equal(one, other, [](char left, char right) {
        return (left >= 'A' && left <= 'Z' ? left + 32 : left) == right;
    });
}

// As Java's trim() sees it.
bool is_blank(std::string_view text) noexcept {
    return std::ranges::all_of(text,
                               [](char each) { return static_cast<unsigned char>(each) <= ' '; });
}

constexpr std::array<std::pair<std::string_view, deletes>, 5> modes{
    {{"drop", deletes::drop},
     {"tombstone", deletes::tombstone},
     {"rewrite", deletes::rewrite},
     {"rewrite-with-tombstone", deletes::rewrite_with_tombstone},
     {"delete-to-tombstone", deletes::delete_to_tombstone}}};

handling handling_of(settings const& by) {
    auto const mode = by.string_or_none("delete.tombstone.handling.mode").value_or("");
    for (auto const& [name, made] : modes) {
        if (same_word(mode, name)) {
            return {made, made != deletes::rewrite_with_tombstone};
        }
    }
    auto const& older = by.string("delete.handling.mode");
    return {same_word(older, "none")      ? deletes::tombstone
            : same_word(older, "rewrite") ? deletes::rewrite
                                          : deletes::drop,
            by.boolean("drop.tombstones")};
}

class new_record_state final : public transformation {
public:
    new_record_state(settings const& by, std::vector<envelope_reference> fields,
                     std::vector<envelope_reference> headers, transformation_ptr mark_removed,
                     transformation_ptr mark_kept)
        : handling_{handling_of(by)},
          fields_{std::move(fields)},
          headers_{std::move(headers)},
          route_by_{by.string("route.by.field")},
          drop_header_{by.string_or_none("drop.fields.header.name").value_or("")},
          drop_from_key_{by.boolean("drop.fields.from.key")},
          drop_compatibly_{by.boolean("drop.fields.keep.schema.compatible")},
          mark_removed_{std::move(mark_removed)},
          mark_kept_{std::move(mark_kept)} {}

    outcome<bool> apply(record& of, arena& memory) override {
        bool const tombstone = of.value.what.is_null();
        bool const envelope = of.value.of != nullptr && of.value.of->name &&
                              of.value.of->name->ends_with(".Envelope");
        if (tombstone) {
            for (auto const& each : headers_) {
                if (each.field == "op") {
                    of.headers.push_back({each.new_name, data{plain_schema(schema_type::string),
                                                              value::of_string("d")}});
                }
            }
            return !handling_.drop_tombstones;
        }
        if (!envelope) {
            return true;
        }
        auto const* known = plans_.find(of.value.of);
        if (known == nullptr) {
            auto made = plan_for(*of.value.of);
            if (!made) {
                return made.error();
            }
            known = &plans_.keep(of.value.of, std::move(*made));
        }
        if (auto wrong = require_structure(of.value.what, "field extraction")) {
            return *wrong;
        }
        for (auto const& each : known->headers) {
            of.headers.push_back({each.new_name, data{each.of, value_at(each, of.value.what)}});
        }
        data const whole = of.value;
        auto const& after = whole.what.field(known->after);
        auto const& before = whole.what.field(known->before);
        if (after.is_null() && before.is_null()) { // a TRUNCATE
            return false;
        }
        return after.is_null() ? removed(of, whole, *known, memory)
                               : kept(of, whole, *known, memory);
    }

private:
    struct plan {
        std::size_t before = 0;
        std::size_t after = 0;
        std::vector<envelope_part> fields;
        std::optional<problem> fields_wrong; // told when they are needed
        std::vector<envelope_part> headers;
    };

    outcome<plan> plan_for(schema const& envelope) const {
        plan made;
        for (auto const& [name, into] :
             {std::pair{"after", &made.after}, std::pair{"before", &made.before}}) {
            auto const found = envelope.index_of(name);
            if (!found) {
                return problem{problem_kind::illegal_argument,
                               fmt::format("Unknown field: {}", name)};
            }
            *into = *found;
        }
        auto fields = resolve(fields_, envelope);
        auto headers = resolve(headers_, envelope);
        if (!headers) {
            return headers.error();
        }
        if (fields) {
            made.fields = std::move(*fields);
        } else {
            made.fields_wrong = fields.error();
        }
        made.headers = std::move(*headers);
        return made;
    }

    static data part(data const& whole, std::size_t index) {
        return {whole.of->fields[index].of, whole.what.field(index)};
    }

    outcome<bool> removed(record& of, data const& whole, plan const& by, arena& memory) {
        switch (handling_.of_rows) {
        case deletes::drop:
            return false;
        case deletes::tombstone:
            of.value = part(whole, by.after);
            break;
        case deletes::delete_to_tombstone:
            of.value = {};
            break;
        case deletes::rewrite:
        case deletes::rewrite_with_tombstone:
            of.value = part(whole, by.before);
            if (auto marked = mark_removed_->apply(of, memory); !marked) {
                return marked;
            }
            break;
        }
        if (auto routed = route(of, whole.what.field(by.before), memory); !routed) {
            return routed;
        }
        if (auto dropped = drop_fields(of, memory); !dropped) {
            return dropped;
        }
        return of.value.what.is_null() ? outcome<bool>{true} : add_fields(of, whole, by, memory);
    }

    outcome<bool> kept(record& of, data const& whole, plan const& by, arena& memory) {
        of.value = part(whole, by.after);
        if (handling_.rewrites()) {
            if (auto marked = mark_kept_->apply(of, memory); !marked) {
                return marked;
            }
        }
        if (auto routed = route(of, of.value.what, memory); !routed) {
            return routed;
        }
        if (auto added = add_fields(of, whole, by, memory); !added) {
            return added;
        }
        return drop_fields(of, memory);
    }

    outcome<bool> route(record& of, value const& row, arena& memory) const {
        if (route_by_.empty()) {
            return true;
        }
        if (auto wrong =
                require_structure(row, "Read record to set topic routing for CREATE / UPDATE")) {
            return *wrong;
        }
        auto const index = row.shape().index_of(route_by_);
        if (!index) {
            return data_problem(fmt::format("{} is not a valid field name", route_by_));
        }
        if (row.shape().fields[*index].of->type != schema_type::string) {
            return data_problem(fmt::format("Field '{}' is not of type STRING", route_by_));
        }
        auto const& topic = row.field(*index);
        if (!topic.is_null() && !is_blank(topic.text())) {
            of.topic = memory.keep(topic.text());
        }
        return true;
    }

    outcome<bool> add_fields(record& of, data const& whole, plan const& by, arena& memory) {
        if (auto wrong = require_structure(of.value.what, purpose)) {
            return *wrong;
        }
        if (by.fields_wrong) {
            return *by.fields_wrong;
        }
        auto const* shape = shapes_.find(of.value.of);
        if (shape == nullptr || shape->second != whole.of) {
            auto made = widened(*of.value.of, by);
            if (!made) {
                return made.error();
            }
            shape = &shapes_.keep(of.value.of, std::pair{std::move(*made), whole.of});
        }
        auto const& to = *shape->first;
        auto const fields = make_array<value>(memory, to.fields.size());
        std::size_t const own = of.value.of->fields.size();
        for (std::size_t index = 0; index < fields.size(); ++index) {
            fields[index] = index < own ? of.value.what.field(index)
                                        : value_at(by.fields[index - own], whole.what);
            if (must_not_be_null(to.fields[index], fields[index])) {
                return invalid_null(to.fields[index]);
            }
        }
        of.value = {shape->first, value::of_structure(to, fields.data())};
        return true;
    }

    static outcome<schema_ptr> widened(schema const& row, plan const& by) {
        auto made = basics_of(row);
        made->fields = row.fields;
        for (auto const& each : by.fields) {
            auto added = add_field(*made, std::string{each.new_name}, each.of);
            if (!added) {
                return added.error();
            }
        }
        return schema_ptr{std::move(made)};
    }

    // The fields that a header names, which HeaderFrom or another transformation may have put there.
    outcome<bool> drop_fields(record& of, arena& memory) const {
        if (drop_header_.empty()) {
            return true;
        }
        auto const header = std::ranges::find(of.headers, drop_header_, &record_header::name);
        if (header == of.headers.end() || header->what.what.is_null()) {
            return true;
        }
        if (header->what.what.kind() != value_kind::array) {
            return data_problem(
                fmt::format("the header {} must hold a list of field names, found: {}",
                            drop_header_, java_class(header->what.what)));
        }
        auto const names = header->what.what.elements();
        for (auto* const side : {&of.key, &of.value}) {
            if ((side == &of.key && !drop_from_key_) || side->what.is_null() || names.empty()) {
                continue;
            }
            auto left = without(*side, names, memory);
            if (!left) {
                return left.error();
            }
            *side = std::move(*left);
        }
        return true;
    }

    [[nodiscard]] outcome<data> without(data const& from, std::span<value const> names,
                                        arena& memory) const {
        if (from.what.kind() != value_kind::structure) {
            return drop_compatibly_ ? data_problem("Cannot list fields on non-struct type")
                                    : *require_structure(from.what, "field replacement");
        }
        auto made = basics_of(*from.of);
        field_plan left_over;
        for (std::size_t index = 0; index < from.of->fields.size(); ++index) {
            auto const& each = from.of->fields[index];
            bool const named = std::ranges::any_of(names, [&each](value const& name) {
                return name.kind() == value_kind::string && name.text() == each.name;
            });
            if (!named || (drop_compatibly_ && !each.of->optional)) {
                made->fields.push_back(each);
                left_over.from.push_back(index);
            }
        }
        if (left_over.from.size() == from.of->fields.size()) {
            return from;
        }
        left_over.of = std::move(made);
        auto const left = carry_out(left_over, from.what, true, memory);
        return left ? outcome<data>{data{left_over.of, *left}} : outcome<data>{left.error()};
    }

    handling handling_;
    std::vector<envelope_reference> fields_;
    std::vector<envelope_reference> headers_;
    std::string route_by_;
    std::string drop_header_;
    bool drop_from_key_;
    bool drop_compatibly_;
    transformation_ptr mark_removed_;
    transformation_ptr mark_kept_;
    plan_cache<plan> plans_;
    plan_cache<std::pair<schema_ptr, schema_ptr>>
        shapes_; // by the row's: with the fields added, of which envelope
};

outcome<transformation_ptr> marking(std::string const& text, bool null_with_default) {
    auto const by = settings::parse(
        insert_field_definitions(),
        {{"static.field", "__deleted"},
         {"static.value", text},
         {std::string{null_with_default_name}, null_with_default ? "true" : "false"}});
    return by ? make_insert_field(*by, record_side::value)
              : outcome<transformation_ptr>{by.error()};
}

setting_check one_of_words(string_list words) {
    return [words = std::move(words)](setting const& what) -> std::optional<std::string> {
        auto const* const text = std::get_if<std::string>(&what);
        if (text == nullptr || text->empty() ||
            std::ranges::any_of(words,
                                [text](auto const& each) { return same_word(*text, each); })) {
            return std::nullopt;
        }
        std::string listed;
        for (auto const& each : words) {
            listed += (listed.empty() ? "" : ", ") + each;
        }
        return "Value must be one of " + listed;
    };
}

} // namespace

setting_definitions new_record_state_definitions() {
    setting const nothing{std::string{}};
    setting const prefix{std::string{"__"}};
    std::string const listed =
        "Example: 'version,connector,source.ts_ms' would add __version, __connector and "
        "__source_ts_ms fields. Optionally one can also map new field name like "
        "version:VERSION,connector:CONNECTOR,source.ts_ms:EVENT_TIMESTAMP.Please note that the new "
        "field name is case-sensitive.";
    return {
        {"drop.tombstones", setting_type::boolean, setting{true}, importance::low,
         "Debezium by default generates a tombstone record to enable Kafka compaction after a delete "
         "record was generated. This record is usually filtered out to avoid duplicates as a delete "
         "record is converted to a tombstone record, tooNote: This option is scheduled for removal "
         "in a future release, use \"delete.tombstone.handling.mode\" instead"},
        {"delete.handling.mode", setting_type::string, setting{std::string{"drop"}},
         importance::medium,
         "How to handle delete records. Options are: none - records are passed,drop - records are "
         "removed (the default),rewrite - __deleted field is added to records.Note: This option is "
         "scheduled for removal in a future release, use \"delete.tombstone.handling.mode\" instead",
         one_of_words({"drop", "rewrite", "none"})},
        {"delete.tombstone.handling.mode", setting_type::string, setting{}, importance::medium,
         "How to handle delete records. Options are: drop - Remove the delete event and tombstone "
         "from the stream.tombstone (default) - For each delete event, leave only a tombstone in the "
         "stream.rewrite - Remove tombstone from the record, and add a `__deleted` field with the "
         "value `true`.rewrite-with-tombstone - Retain tombstone in record and add a `__deleted` "
         "field with the value `true`.",
         one_of_words(
             {"drop", "tombstone", "rewrite", "rewrite-with-tombstone", "delete-to-tombstone"})},
        {"route.by.field", setting_type::string, nothing, importance::low,
         "The column which determines how the events will be routed, the value will replace the "
         "topic name."},
        {"add.fields.prefix", setting_type::string, prefix, importance::low,
         "Adds this prefix to each field listed."},
        {"add.fields", setting_type::list, setting{string_list{}}, importance::low,
         "Adds each field listed, prefixed with __ (or __<struct>_ if the struct is specified). " +
             listed},
        {"add.headers.prefix", setting_type::string, prefix, importance::low,
         "Adds this prefix listed to each header."},
        {"add.headers", setting_type::list, setting{string_list{}}, importance::low,
         "Adds each field listed to the header,  __ (or __<struct>_ if the struct is specified). " +
             listed},
        {"drop.fields.header.name", setting_type::string, setting{}, importance::low,
         "Specifies the name of a header that contains a list of fields to be removed from the event "
         "value."},
        {"drop.fields.from.key", setting_type::boolean, setting{false}, importance::low,
         "Specifies whether to apply the drop fields behavior to the event key as well as the value. "
         "Default behavior is to only remove fields from the event value, not the key."},
        {"drop.fields.keep.schema.compatible", setting_type::boolean, setting{true},
         importance::low,
         "Controls the output event's schema compatibility when using the drop fields feature. "
         "`true`: dropped fields are removed if the schema indicates its optional leaving the "
         "schemas unchanged, `false`: dropped fields are removed from the key/value schemas, "
         "regardless of optionality."},
        null_with_default_definition(),
    };
}

outcome<transformation_ptr> make_new_record_state(settings const& by) {
    auto fields = references_of(by.list("add.fields"), by.string("add.fields.prefix"));
    auto headers =
        fields ? references_of(by.list("add.headers"), by.string("add.headers.prefix")) : fields;
    if (!headers) {
        return headers.error();
    }
    bool const defaults = by.boolean(null_with_default_name);
    auto mark_removed = marking("true", defaults);
    auto mark_kept = marking("false", defaults);
    if (!mark_removed || !mark_kept) {
        return mark_removed ? mark_kept.error() : mark_removed.error();
    }
    return transformation_ptr{
        std::make_unique<new_record_state>(by, std::move(*fields), std::move(*headers),
                                           std::move(*mark_removed), std::move(*mark_kept))};
}

} // namespace tandem::connect
