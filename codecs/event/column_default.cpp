#include "codecs/event/column_default.hpp"

#include "codecs/event/debezium_values.hpp"
#include "codecs/event/json_text.hpp"
#include "codecs/event/row_plan.hpp"
#include "codecs/values/decimal.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::event {
namespace {

// A value's JSON by the same conversion that rows go through; none when the text is no value of the type.
std::optional<std::string> json_of(column_plan column, std::string_view text) {
    constexpr std::string_view name = R"(,"":)";
    row_plan plan;
    plan.fragments = name;
    plan.fragments.append(slack, '\0');
    column.name_at = 0;
    column.name_size = name.size();
    column.parts = static_cast<std::uint8_t>(row_part::all);
    plan.columns = {column};
    plan.growth = array_growth;
    plan.fixed = name.size() + debezium::converted_extra;
    std::string tuple{'t'};
    for (int shift = 24; shift >= 0; shift -= 8) {
        tuple.push_back(static_cast<char>((text.size() >> static_cast<unsigned>(shift)) & 0xFFU));
    }
    tuple += text;
    pgoutput::tuple_view const row{1, tuple};
    std::string room(plan.room(row), '\0');
    auto const end = write_row(plan, row, row_part::all, room.data());
    if (!end) {
        return std::nullopt;
    }
    auto const size = static_cast<std::size_t>(*end - room.data());
    return room.substr(name.size(), size - name.size() - 1); // without the braces and the name
}

// Types whose defaults Debezium reads, and what it takes for a default that a function makes: the text of the
// type's empty value.
struct default_kind {
    std::uint32_t type;
    std::string_view generated;
};
constexpr default_kind default_kinds[] = {
    {16, "f"},
    {20, "0"},
    {21, "0"},
    {23, "0"},
    {25, ""},
    {114, "{}"},
    {142, ""},
    {700, "0.0"},
    {701, "0.0"},
    {1042, ""},
    {1043, ""},
    {1082, "1970-01-01"},
    {1083, "00:00:00"},
    {1114, "1970-01-01 00:00:00"},
    {1184, "1970-01-01 00:00:00+00"},
    {1186, "00:00:00"},
    {1560, ""},
    {1562, "0"},
    {1700, "0.0"},
    {2950, "00000000-0000-0000-0000-000000000000"},
    {3802, "{}"},
};

bool is_name(char each) noexcept {
    return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') ||
           (each >= '0' && each <= '9') || each == '_' || each == '.';
}

// "nextval('s'::regclass)", "(now() + '1 day'::interval)", CURRENT_DATE: Debezium looks no further than the call.
bool is_generated(std::string_view expression) noexcept {
    for (std::string_view const each :
         {"CURRENT_TIMESTAMP", "CURRENT_TIME", "CURRENT_DATE", "LOCALTIME", "LOCALTIMESTAMP"}) {
        if (expression == each) {
            return true;
        }
    }
    if (!expression.empty() && expression.front() == '(') {
        expression.remove_prefix(1);
    }
    std::size_t size = 0;
    while (size < expression.size() && is_name(expression[size])) {
        ++size;
    }
    return size > 0 && size < expression.size() && expression[size] == '(' &&
           expression.find(')', size) != std::string_view::npos;
}

// "::character varying", "::numeric(10,2)", "::public.mood", one after the other: nothing but casts.
bool is_casts(std::string_view text) noexcept {
    if (text.empty()) {
        return true;
    }
    static constexpr std::string_view others = " \"(),[]";
    return text.size() > 2 && text.substr(0, 2) == "::" && text.find('\'') == text.npos &&
           std::all_of(text.begin(), text.end(), [](char each) {
               return is_name(each) || each == ':' || static_cast<unsigned char>(each) >= 0x80 ||
                      others.find(each) != others.npos;
           });
}

// What stands in the quotes of a literal that is the whole expression but for casts.
std::optional<std::string> literal(std::string_view expression) {
    std::string text;
    for (std::size_t at = 1; at < expression.size(); ++at) {
        if (expression[at] != '\'') {
            text.push_back(expression[at]);
        } else if (at + 1 < expression.size() && expression[at + 1] == '\'') {
            text.push_back(expression[at++]);
        } else {
            return is_casts(expression.substr(at + 1)) ? std::optional{std::move(text)}
                                                       : std::nullopt;
        }
    }
    return std::nullopt;
}

// A number, true or false; what else has no quotes is an expression, or NULL.
std::optional<std::string> bare(std::string_view expression) {
    if (expression == "true" || expression == "false") {
        return std::string{expression.substr(0, 1)};
    }
    bool const number =
        !expression.empty() && std::all_of(expression.begin(), expression.end(), is_of_number);
    return number ? std::optional{std::string{expression}} : std::nullopt;
}

// The text with all digits of the column's scale, as a stored value has them; none for NaN and the infinite.
std::optional<std::string> scaled(std::string text, numeric_modifier const& modifier) {
    if (values::is_special_number(text)) {
        return std::nullopt;
    }
    std::int32_t const missing =
        modifier.precision > 0 ? modifier.scale - values::scale_of(text) : 0;
    if (missing > 0) {
        text += text.find('.') == std::string::npos ? "." : "";
        text.append(static_cast<std::size_t>(missing), '0');
    }
    return text;
}

std::string zero_number(resolved_type const& type, value_options const& options) {
    bool const money = type.kind == value_kind::money;
    std::int32_t const scale = money ? options.money_digits : numeric_of(type.modifier).scale;
    switch (options.decimals) {
    case decimal_mode::double_:
        return "0.0";
    case decimal_mode::string:
        return scale > 0 ? fmt::format("\"0.{:0>{}}\"", "", scale) : R"("0")";
    case decimal_mode::precise:
        break;
    }
    bool const own_scale = money || numeric_of(type.modifier).precision > 0;
    return own_scale ? R"("AA==")" : R"({"scale":0,"value":"AA=="})";
}

// Debezium's fall-back for a column that is NOT NULL, by its converters.
std::string zero_json(resolved_type const& type, value_options const& options) {
    if (type.array) {
        return "[]";
    }
    switch (type.kind) {
    case value_kind::boolean:
        return "false";
    case value_kind::int2:
    case value_kind::int4:
    case value_kind::int8:
        return "0";
    case value_kind::date:
        return options.times == time_mode::isostring ? R"("1970-01-01Z")" : "0";
    case value_kind::time:
        return options.times == time_mode::isostring ? R"("00:00:00Z")" : "0";
    case value_kind::timestamp:
        return options.times == time_mode::isostring ? R"("1970-01-01T00:00:00Z")" : "0";
    case value_kind::float4:
    case value_kind::float8:
        return "0.0";
    case value_kind::numeric:
    case value_kind::money:
        return zero_number(type, options);
    case value_kind::bit:
    case value_kind::varbit:
        return type.modifier == 1 ? "false" : R"("")";
    case value_kind::timetz:
        return R"("00:00:00Z")";
    case value_kind::timestamptz:
        return R"("1970-01-01T00:00:00Z")";
    case value_kind::interval:
        return options.intervals == interval_mode::numeric ? "0" : R"("P0Y0M0DT0H0M0S")";
    case value_kind::hstore:
        return options.hstores == hstore_mode::json ? R"("{}")" : "{}";
    case value_kind::point:
        return R"({"x":0.0,"y":0.0,"wkb":"AQEAAAAAAAAAAAAAAAAAAAAAAAAA","srid":null})";
    case value_kind::text:
    case value_kind::json:
    case value_kind::uuid:
    case value_kind::xml:
    case value_kind::ltree:
    case value_kind::tsvector:
    case value_kind::enumeration:
    case value_kind::range:
    case value_kind::multirange:
    case value_kind::composite:
    case value_kind::bytea:
    case value_kind::other:
        break;
    }
    return R"("")";
}

} // namespace

std::optional<std::string> default_json(oid type, std::int32_t modifier,
                                        std::string_view expression, type_table const& types,
                                        value_options const& options) {
    if (expression.empty()) {
        return std::nullopt;
    }
    type_facts const* const named = types.find(type);
    bool const enumeration = named != nullptr && named->what == type_facts::sort::enumeration;
    auto const* const known =
        std::find_if(std::begin(default_kinds), std::end(default_kinds),
                     [type](default_kind const& each) { return each.type == type.value; });
    resolved_type const resolved = resolve(type, modifier, types);
    bool const structured = resolved.kind == value_kind::numeric &&
                            options.decimals == decimal_mode::precise &&
                            numeric_of(modifier).precision == 0;
    if ((!enumeration && known == std::end(default_kinds)) || structured) {
        return std::nullopt;
    }
    bool const quoted = expression.front() == '\'' || expression.substr(0, 2) == "B'";
    std::optional<std::string> text;
    if (quoted) {
        text = literal(expression.substr(expression.front() == 'B' ? 1 : 0));
    } else if (!enumeration && is_generated(expression)) {
        text = known->generated;
    } else {
        text = bare(expression);
    }
    if (text && resolved.kind == value_kind::numeric) {
        text = scaled(*std::move(text), numeric_of(modifier));
    }
    return text ? json_of(plan_column(resolved, options), *text) : std::nullopt;
}

std::string null_json(oid type, std::int32_t modifier, column_facts const& facts,
                      type_table const& types, value_options const& options) {
    if (facts.not_null || options.replace_nulls) {
        if (auto made = default_json(type, modifier, facts.default_expression, types, options)) {
            return *std::move(made);
        }
    }
    return facts.not_null ? zero_json(resolve(type, modifier, types), options) : "null";
}

} // namespace tandem::event
