#include "codecs/connect/json_writer.hpp"

#include "codecs/connect/java_text.hpp"
#include "codecs/connect/old_calendar.hpp"
#include "codecs/event/json_string.hpp"
#include "codecs/values/bytes_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace tandem::connect {
namespace {

using done = outcome<void>;

done append_value(schema const* of, value const& what, json_form form, std::string& into);

void append_string(std::string_view text, std::string& into) {
    std::size_t const before = into.size();
    into.resize(before + text.size() * event::escaped_most + 2 + event::slack);
    char const* const end = event::append_string(into.data() + before, text);
    into.resize(static_cast<std::size_t>(end - into.data()));
}

void append_base64(std::string_view bytes, std::string& into) {
    into += '"';
    std::size_t const before = into.size();
    into.resize(before + values::base64_room(bytes.size()));
    values::write_base64(bytes, values::base64_alphabet::standard, into.data() + before);
    into += '"';
}

// Jackson quotes what is no number.
template <class Real>
void append_real(Real number, std::string& into) {
    bool const quoted = !std::isfinite(number);
    into += quoted ? "\"" : "";
    append_java(number, into);
    into += quoted ? "\"" : "";
}

problem wrong_class(std::string_view type, value const& what) {
    return data_problem(fmt::format("Invalid type for {}: class {}", type, java_class(what)));
}

done append_decimal(schema const& of, value const& what, json_form form, std::string& into) {
    if (what.kind() != value_kind::decimal) {
        return data_problem(fmt::format(
            "Invalid type for Decimal, expected BigDecimal but was class {}", java_class(what)));
    }
    if (form.decimals == decimal_format::numeric) {
        append_java_decimal(what.text(), what.scale(), into);
        return {};
    }
    auto const* const given = of.parameter("scale");
    if (given == nullptr) {
        return data_problem("Invalid Decimal schema: scale parameter not found.");
    }
    auto const scale = scale_of(of);
    if (!scale) {
        return data_problem("Invalid scale parameter found in Decimal schema: ");
    }
    if (*scale != what.scale()) {
        return data_problem(
            fmt::format("Decimal value has mismatching scale for given Decimal schema. Schema has "
                        "scale {}, value has scale {}.",
                        *scale, what.scale()));
    }
    append_base64(what.text(), into);
    return {};
}

done append_date(std::string_view name, value const& what, std::string& into) {
    std::string_view const kind = name.substr(name.rfind('.') + 1);
    if (what.kind() != value_kind::date) {
        return data_problem(fmt::format("Invalid type for {}, expected Date but was class {}", kind,
                                        java_class(what)));
    }
    std::int64_t const ms = what.number();
    if (name == date_name && ms % day_ms != 0) {
        return data_problem("Kafka Connect Date type should not have any time fields set to "
                            "non-zero values.");
    }
    if (name == time_name && (ms < 0 || ms > day_ms)) {
        return data_problem("Kafka Connect Time type should not have any date fields set to "
                            "non-zero values.");
    }
    into += std::to_string(name == date_name ? ms / day_ms : ms);
    return {};
}

done append_elements(schema const* of, value const& what, json_form form, std::string& into) {
    if (what.kind() != value_kind::array) {
        return wrong_class("ARRAY", what);
    }
    into += '[';
    bool first = true;
    for (auto const& each : what.elements()) {
        into += first ? "" : ",";
        first = false;
        auto const written =
            append_value(of == nullptr ? nullptr : of->element.get(), each, form, into);
        if (!written) {
            return written;
        }
    }
    into += ']';
    return {};
}

done append_entries(schema const* of, value const& what, json_form form, std::string& into) {
    if (what.kind() != value_kind::map) {
        return wrong_class("MAP", what);
    }
    bool const object = of == nullptr
                            ? std::ranges::all_of(what.entries(),
                                                  [](map_entry const& each) {
                                                      return each.key.kind() == value_kind::string;
                                                  })
                            : of->key != nullptr && of->key->type == schema_type::string;
    auto const* const key = of == nullptr ? nullptr : of->key.get();
    auto const* const mapped = of == nullptr ? nullptr : of->element.get();
    into += object ? '{' : '[';
    bool first = true;
    for (auto const& each : what.entries()) {
        into += first ? "" : ",";
        first = false;
        into += object ? "" : "[";
        auto written = append_value(key, each.key, form, into);
        into += object ? ':' : ',';
        if (written) {
            written = append_value(mapped, each.mapped, form, into);
        }
        if (!written) {
            return written;
        }
        into += object ? "" : "]";
    }
    into += object ? '}' : ']';
    return {};
}

done append_fields(schema const& of, value const& what, json_form form, std::string& into) {
    if (what.kind() != value_kind::structure) {
        return wrong_class("STRUCT", what);
    }
    if (!same(what.shape(), of)) {
        return data_problem("Mismatching schema.");
    }
    into += '{';
    for (std::size_t index = 0; index < of.fields.size(); ++index) {
        into += index == 0 ? "" : ",";
        append_string(of.fields[index].name, into);
        into += ':';
        auto const written = append_value(of.fields[index].of.get(), what.field(index), form, into);
        if (!written) {
            return written;
        }
    }
    into += '}';
    return {};
}

// What a value is without a schema.
schema_type free_type(value const& what) noexcept {
    switch (what.kind()) {
    case value_kind::float32:
        return schema_type::float32;
    case value_kind::float64:
        return schema_type::float64;
    case value_kind::boolean:
        return schema_type::boolean;
    case value_kind::string:
        return schema_type::string;
    case value_kind::bytes:
        return schema_type::bytes;
    case value_kind::array:
        return schema_type::array;
    case value_kind::map:
        return schema_type::map;
    case value_kind::structure:
        return schema_type::structure;
    default:
        return schema_type::int64;
    }
}

bool is_integer_of(schema_type type, value_kind kind) noexcept {
    switch (type) {
    case schema_type::int8:
        return kind == value_kind::int8;
    case schema_type::int16:
        return kind == value_kind::int16;
    case schema_type::int32:
        return kind == value_kind::int32;
    default:
        return kind == value_kind::int64;
    }
}

done append_scalar(schema_type type, bool free, value const& what, std::string& into) {
    auto const kind = what.kind();
    switch (type) {
    case schema_type::float32:
        if (kind == value_kind::float32) {
            append_real(static_cast<float>(what.real()), into);
            return {};
        }
        break;
    case schema_type::float64:
        if (kind == value_kind::float64) {
            append_real(what.real(), into);
            return {};
        }
        break;
    case schema_type::boolean:
        if (kind == value_kind::boolean) {
            into += what.number() != 0 ? "true" : "false";
            return {};
        }
        break;
    case schema_type::string:
        if (kind == value_kind::string) {
            append_string(what.text(), into);
            return {};
        }
        break;
    case schema_type::bytes:
        if (kind == value_kind::bytes) {
            append_base64(what.text(), into);
            return {};
        }
        break;
    default:
        if (free || is_integer_of(type, kind)) {
            into += std::to_string(what.number());
            return {};
        }
    }
    return wrong_class(java_name(type), what);
}

done append_null(schema const* of, json_form form, std::string& into) {
    if (of == nullptr) {
        into += "null";
        return {};
    }
    if (!of->default_value.is_null() && form.null_with_default) {
        return append_value(of, of->default_value, form, into);
    }
    if (of->optional) {
        into += "null";
        return {};
    }
    return data_problem(
        "Conversion error: null value for field that is required and has no default value");
}

done append_value(schema const* of, value const& what, json_form form, std::string& into) {
    if (what.is_null()) {
        return append_null(of, form, into);
    }
    if (of != nullptr && of->name) {
        std::string_view const name = *of->name;
        if (name == decimal_name) {
            return append_decimal(*of, what, form, into);
        }
        if (name == date_name || name == time_name || name == timestamp_name) {
            return append_date(name, what, into);
        }
    }
    if (of == nullptr && (what.kind() == value_kind::decimal || what.kind() == value_kind::date)) {
        return data_problem(fmt::format(
            "Java class class {} does not have corresponding schema type.", java_class(what)));
    }
    switch (auto const type = of == nullptr ? free_type(what) : of->type; type) {
    case schema_type::array:
        return append_elements(of, what, form, into);
    case schema_type::map:
        return append_entries(of, what, form, into);
    case schema_type::structure:
        return of == nullptr ? done{data_problem("Mismatching schema.")}
                             // nothing to hold it against
                             : append_fields(*of, what, form, into);
    default:
        return append_scalar(type, of == nullptr, what, into);
    }
}

std::string_view json_name(schema_type type) noexcept {
    constexpr std::array<std::string_view, 12> names{"int8",  "int16",  "int32",   "int64",
                                                     "float", "double", "boolean", "string",
                                                     "bytes", "array",  "map",     "struct"};
    return names[static_cast<std::size_t>(type)];
}

// A list of nothing but nulls has no schema for them.
done append_part(schema_ptr const& of, json_form form, std::string& into) {
    if (of == nullptr) {
        into += "null";
        return {};
    }
    return append_schema_json(*of, form, into);
}

// Without the brace that ends it, so that a field's name can follow.
done append_open_schema(schema const& of, json_form form, std::string& into) {
    into += "{\"type\":\"";
    into += json_name(of.type);
    into += '"';
    done written;
    if (of.type == schema_type::array || of.type == schema_type::map) {
        if (of.type == schema_type::map) {
            into += ",\"keys\":";
            written = append_part(of.key, form, into);
        }
        into += of.type == schema_type::map ? ",\"values\":" : ",\"items\":";
        if (written) {
            written = append_part(of.element, form, into);
        }
    } else if (of.type == schema_type::structure) {
        into += ",\"fields\":[";
        bool first = true;
        for (auto const& each : of.fields) {
            into += first ? "" : ",";
            first = false;
            if (written) {
                written = append_open_schema(*each.of, form, into);
            }
            into += ",\"field\":";
            append_string(each.name, into);
            into += '}';
        }
        into += ']';
    }
    if (!written) {
        return written;
    }
    into += of.optional ? ",\"optional\":true" : ",\"optional\":false";
    if (of.name) {
        into += ",\"name\":";
        append_string(*of.name, into);
    }
    if (of.version) {
        into += ",\"version\":" + std::to_string(*of.version);
    }
    if (of.doc) {
        into += ",\"doc\":";
        append_string(*of.doc, into);
    }
    if (!of.parameters.empty()) {
        into += ",\"parameters\":{";
        bool first = true;
        for (auto const& [name, given] : of.parameters) {
            into += first ? "" : ",";
            first = false;
            append_string(name, into);
            into += ':';
            append_string(given, into);
        }
        into += '}';
    }
    if (!of.default_value.is_null()) {
        into += ",\"default\":";
        return append_value(&of, of.default_value, form, into);
    }
    return {};
}

} // namespace

outcome<void> append_json(schema const* of, value const& what, json_form form, std::string& into) {
    return append_value(of, what, form, into);
}

outcome<void> append_schema_json(schema const& of, json_form form, std::string& into) {
    auto written = append_open_schema(of, form, into);
    into += '}';
    return written;
}

outcome<std::string const*> json_writer::schema_json(schema_ptr const& of) {
    auto const known = schemas_.find(of.get());
    if (known != schemas_.end()) {
        return &known->second.json;
    }
    if (schemas_.size() >= schemas_most) {
        schemas_.clear();
    }
    kept_json made{of, {}};
    auto const wrote = append_schema_json(*of, form_, made.json);
    if (!wrote) {
        return wrote.error();
    }
    return &schemas_.emplace(of.get(), std::move(made)).first->second.json;
}

outcome<bool> json_writer::write(data const& what, std::string& into) {
    if (what.of == nullptr && what.what.is_null()) {
        return false;
    }
    std::size_t const before = into.size();
    if (form_.schemas) {
        into += "{\"schema\":";
        if (what.of == nullptr) {
            into += "null";
        } else {
            auto const json = schema_json(what.of);
            if (!json) {
                into.resize(before);
                return json.error();
            }
            into += **json;
        }
        into += ",\"payload\":";
    }
    auto const written = append_value(what.of.get(), what.what, form_, into);
    if (!written) {
        into.resize(before);
        return written.error();
    }
    into += form_.schemas ? "}" : "";
    return true;
}

} // namespace tandem::connect
