#include "codecs/event/row_plan.hpp"

#include "codecs/event/debezium_values.hpp"
#include "codecs/event/json_text.hpp"
#include "codecs/event/placeholder.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace tandem::event {
namespace {

constexpr std::size_t column_names_most = 65'535; // name_size is 16 bits; a name has 63 bytes

struct form {
    json_form as = json_form::left_out;
    convert_value convert = nullptr;
    std::int32_t parameter = 0;
};

form converted(convert_value by, std::int32_t parameter = 0) noexcept {
    return {json_form::converted, by, parameter};
}

form numeric_form(resolved_type const& type, decimal_mode mode) noexcept {
    auto const [precision, scale] = numeric_of(type.modifier);
    bool const own_scale = precision > 0;
    switch (mode) {
    case decimal_mode::precise:
        return own_scale ? converted(debezium::decimal_bytes, scale)
                         : converted(debezium::decimal_struct);
    case decimal_mode::string:
        return converted(debezium::decimal_string);
    case decimal_mode::double_:
        break;
    }
    return converted(debezium::decimal_double);
}

form money_form(value_options const& options) noexcept {
    switch (options.decimals) {
    case decimal_mode::precise:
        return converted(debezium::money_bytes, options.money_digits);
    case decimal_mode::string:
        return converted(debezium::money_string);
    case decimal_mode::double_:
        break;
    }
    return converted(debezium::money_double);
}

form binary_form(binary_mode mode) noexcept {
    switch (mode) {
    case binary_mode::bytes: // JSON has none: JsonConverter writes them in base64
    case binary_mode::base64:
        return converted(debezium::bytea_base64);
    case binary_mode::base64_url_safe:
        return converted(debezium::bytea_base64_url);
    case binary_mode::hex:
        break;
    }
    return converted(debezium::bytea_hex);
}

form date_form(resolved_type const& type, time_mode mode) noexcept {
    return converted(time_unit_of(type, mode) == time_unit::iso ? debezium::date_iso
                                                                : debezium::date_days);
}

form time_form(resolved_type const& type, time_mode mode) noexcept {
    switch (time_unit_of(type, mode)) {
    case time_unit::millis:
        return converted(debezium::time_millis);
    case time_unit::micros:
        return converted(debezium::time_micros);
    case time_unit::nanos:
        return converted(debezium::time_nanos);
    case time_unit::iso:
        break;
    }
    return converted(debezium::time_iso);
}

form timestamp_form(resolved_type const& type, time_mode mode) noexcept {
    switch (time_unit_of(type, mode)) {
    case time_unit::millis:
        return converted(debezium::timestamp_millis);
    case time_unit::micros:
        return converted(debezium::timestamp_micros);
    case time_unit::nanos:
        return converted(debezium::timestamp_nanos);
    case time_unit::iso:
        break;
    }
    return converted(debezium::timestamp_iso);
}

form debezium_form(resolved_type const& type, value_options const& options) noexcept {
    switch (type.kind) {
    case value_kind::other:
        return {};
    case value_kind::boolean:
        return {json_form::boolean};
    case value_kind::int2:
    case value_kind::int4:
    case value_kind::int8:
        return {json_form::number};
    case value_kind::float4:
    case value_kind::float8:
        return {json_form::real};
    case value_kind::numeric:
        return numeric_form(type, options.decimals);
    case value_kind::money:
        return money_form(options);
    case value_kind::bytea:
        return binary_form(options.binaries);
    case value_kind::bit:
    case value_kind::varbit:
        return converted(type.modifier == 1 ? debezium::bit_boolean : debezium::bit_bytes);
    case value_kind::date:
        return date_form(type, options.times);
    case value_kind::time:
        return time_form(type, options.times);
    case value_kind::timetz:
        return converted(debezium::time_utc);
    case value_kind::timestamp:
        return timestamp_form(type, options.times);
    case value_kind::timestamptz:
        return converted(debezium::timestamp_utc, second_digits_of(type.modifier));
    case value_kind::interval:
        return converted(options.intervals == interval_mode::numeric ? debezium::interval_micros
                                                                     : debezium::interval_iso);
    case value_kind::hstore:
        return converted(options.hstores == hstore_mode::json ? debezium::hstore_json_text
                                                              : debezium::hstore_object);
    case value_kind::point:
        return converted(debezium::point_struct);
    case value_kind::text:
    case value_kind::range:
    case value_kind::multirange:
    case value_kind::composite:
    case value_kind::json:
    case value_kind::uuid:
    case value_kind::xml:
    case value_kind::ltree:
    case value_kind::tsvector:
    case value_kind::enumeration:
        break;
    }
    return {json_form::string};
}

std::string escaped(std::string_view text) {
    std::string room(text.size() * escaped_most + slack, '\0');
    char const* const end = append_escaped(room.data(), text);
    room.resize(static_cast<std::size_t>(end - room.data()));
    return room;
}

} // namespace

json_form exact_form(oid type) noexcept {
    switch (type.value) {
    case 16: // bool
        return json_form::boolean;
    case 20: // int8
    case 21: // int2
    case 23: // int4
    case 26: // oid
        return json_form::number;
    case 700: // float4
    case 701: // float8
        return json_form::real;
    default:
        return json_form::string;
    }
}

bool is_key(pgoutput::column_shape const& column, key_columns const& key) noexcept {
    return key.empty() ? column.key : std::find(key.begin(), key.end(), column.name) != key.end();
}

row_plan exact_plan(pgoutput::relation_shape const& shape, key_columns const& key) {
    constexpr std::size_t quotes = 2;
    constexpr std::string_view null = "null";
    row_plan plan;
    plan.fragments = null;
    for (pgoutput::column_shape const& column : shape.columns) {
        std::string const fragment = ",\"" + escaped(column.name) + "\":";
        column_plan each;
        each.name_at = static_cast<std::uint32_t>(plan.fragments.size());
        each.name_size = static_cast<std::uint16_t>(std::min(fragment.size(), column_names_most));
        each.form = exact_form(column.type);
        each.parts = static_cast<std::uint8_t>(
            static_cast<unsigned>(row_part::all) |
            (is_key(column, key) ? static_cast<unsigned>(row_part::key) : 0U) |
            (column.key ? static_cast<unsigned>(row_part::identity) : 0U));
        each.null_size = null.size();
        plan.fragments += fragment;
        plan.fixed += fragment.size() + std::max(null.size(), quotes);
        plan.columns.push_back(each);
    }
    plan.fragments.append(slack, '\0');
    plan.fixed += 2;
    return plan;
}

column_plan plan_column(resolved_type const& type, value_options const& options) {
    auto const made = has_debezium_form(type) ? debezium_form(type, options) : form{};
    column_plan plan;
    plan.form = made.as;
    plan.convert = made.convert;
    plan.parameter = made.parameter;
    if (type.array && made.as != json_form::left_out) {
        plan.form = json_form::converted;
        plan.element_form = made.as;
        plan.element_convert = std::exchange(plan.convert, debezium::array_list);
    }
    return plan;
}

row_plan debezium_plan(pgoutput::relation_shape const& shape, type_table const& types,
                       value_options const& options, key_columns const& key,
                       std::vector<column_facts> const& facts) {
    row_plan plan = exact_plan(shape, key);
    plan.of_key_row = row_part::all;
    plan.values = value_form::debezium;
    plan.fragments.resize(plan.fragments.size() - slack);
    plan.growth = debezium::converted_growth;
    for (std::size_t index = 0; index < plan.columns.size(); ++index) {
        auto const& column = shape.columns[index];
        auto const type = resolve(column.type, column.type_modifier, types);
        column_plan each = plan_column(type, options);
        each.name_at = plan.columns[index].name_at;
        each.name_size = plan.columns[index].name_size;
        each.parts = plan.columns[index].parts;
        std::string const unavailable = placeholder_json(type, options);
        each.unchanged_at = static_cast<std::uint32_t>(plan.fragments.size());
        each.unchanged_size = static_cast<std::uint32_t>(unavailable.size());
        plan.fragments += unavailable;
        std::string const null =
            null_json(column.type, column.type_modifier,
                      index < facts.size() ? facts[index] : column_facts{}, types, options);
        each.null_at = static_cast<std::uint32_t>(plan.fragments.size());
        each.null_size = static_cast<std::uint32_t>(null.size());
        plan.fragments += null;
        bool const scaled = type.kind == value_kind::numeric || type.kind == value_kind::money;
        std::size_t const digits = scaled ? debezium::digits_room(each.parameter) : 0;
        plan.fixed += debezium::converted_extra + unavailable.size() + null.size() + digits;
        if (type.array) {
            plan.growth = std::max(plan.growth, array_growth + digits);
        }
        plan.columns[index] = each;
    }
    plan.fragments.append(slack, '\0');
    return plan;
}

key_order debezium_key_order(pgoutput::relation_shape const& shape, type_table const& types,
                             value_options const& options, key_columns const& key,
                             std::vector<column_facts> const& facts) {
    key_order made;
    pgoutput::relation_shape alone = shape;
    alone.columns.clear();
    std::vector<column_facts> own;
    for (std::string const& name : key) {
        auto const found = std::find_if(shape.columns.begin(), shape.columns.end(),
                                        [&](auto const& each) { return each.name == name; });
        if (found == shape.columns.end()) {
            return {};
        }
        auto const at = static_cast<std::size_t>(found - shape.columns.begin());
        made.columns.push_back(static_cast<std::uint16_t>(at));
        alone.columns.push_back(*found);
        if (!facts.empty()) {
            own.push_back(facts[at]);
        }
    }
    if (std::is_sorted(made.columns.begin(), made.columns.end())) {
        return {};
    }
    made.plan = debezium_plan(alone, types, options, key, own);
    return made;
}

} // namespace tandem::event
