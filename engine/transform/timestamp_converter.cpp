// TimestampConverter: one form of a moment into another, through whole milliseconds.
// https://kafka.apache.org/39/documentation/#org.apache.kafka.connect.transforms.TimestampConverter

#include "codecs/connect/date_format.hpp"
#include "codecs/connect/old_calendar.hpp"
#include "engine/transform/clock.hpp"
#include "engine/transform/kinds.hpp"
#include "engine/transform/plan_cache.hpp"
#include "engine/transform/requirements.hpp"
#include "engine/transform/shared_definitions.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace tandem::connect {
namespace {

constexpr std::string_view purpose = "converting timestamp formats";

enum class form : std::uint8_t { string, unix, date, time, timestamp };

form form_named(std::string_view name) noexcept {
    return name == "string" ? form::string
           : name == "unix" ? form::unix
           : name == "Date" ? form::date
           : name == "Time" ? form::time
                            : form::timestamp;
}

enum class precision : std::uint8_t { seconds, milliseconds, microseconds, nanoseconds };

precision precision_named(std::string_view name) noexcept {
    return name == "seconds"        ? precision::seconds
           : name == "microseconds" ? precision::microseconds
           : name == "nanoseconds"  ? precision::nanoseconds
                                    : precision::milliseconds;
}

// As Java's TimeUnit: the largest or smallest number where it does not fit.
std::int64_t times(std::int64_t number, std::int64_t by) noexcept {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
    std::int64_t made = 0;
    return __builtin_mul_overflow(number, by, &made) ? (number < 0 ? least : most) : made;
}

class timestamp_converter final : public transformation {
public:
    timestamp_converter(settings const& by, record_side side, std::optional<date_format> format)
        : side_{side},
          field_{by.string("field")},
          to_{form_named(by.string("target.type"))},
          precision_{precision_named(by.string("unix.precision"))},
          format_{std::move(format)},
          null_with_default_{by.boolean(null_with_default_name)} {}

    outcome<bool> apply(record& of, arena& memory) override {
        auto& side = side_of(of, side_);
        auto done = side.of == nullptr ? without_schema(side, memory) : with_schema(side, memory);
        return done ? outcome<bool>{true} : outcome<bool>{done.error()};
    }

private:
    struct plan {
        schema_ptr of;
        std::optional<std::size_t> field; // none: there is none of that name
    };

    outcome<void> without_schema(data& side, arena& memory) const {
        if (side.what.is_null() || field_.empty()) {
            auto made = converted(side.what, std::nullopt, memory);
            if (!made) {
                return made.error();
            }
            side.what = *made;
            return boost::system::in_place_value;
        }
        if (auto wrong = require_map(side.what, purpose)) {
            return *wrong;
        }
        auto made = converted(entry_of(side.what, field_), std::nullopt, memory);
        if (!made) {
            return made.error();
        }
        map_builder map{side.what};
        map.put(field_, *made);
        side.what = map.made(memory);
        return boost::system::in_place_value;
    }

    outcome<void> with_schema(data& side, arena& memory) {
        if (field_.empty()) {
            auto const from = form_of(*side.of);
            if (!from) {
                return from.error();
            }
            auto made = converted(side.what, *from, memory);
            if (!made) {
                return made.error();
            }
            side = {target(side.of->optional), *made};
            return boost::system::in_place_value;
        }
        if (!side.what.is_null()) {
            if (auto wrong = require_structure(side.what, purpose)) {
                return *wrong;
            }
        }
        auto const* known = plans_.find(side.of);
        if (known == nullptr) {
            auto made = plan_for(*side.of);
            if (!made) {
                return made.error();
            }
            known = &plans_.keep(side.of, std::move(*made));
        }
        if (!side.what.is_null()) {
            auto made = structure(side.what, *known, memory);
            if (!made) {
                return made.error();
            }
            side.what = *made;
        }
        side.of = known->of;
        return boost::system::in_place_value;
    }

    outcome<value> structure(value const& original, plan const& by, arena& memory) const {
        auto const fields = make_array<value>(memory, by.of->fields.size());
        for (std::size_t index = 0; index < fields.size(); ++index) {
            fields[index] = field_value(original, index, null_with_default_);
        }
        if (by.field) {
            auto const from = form_of(*original.shape().fields[*by.field].of);
            if (!from) {
                return from.error();
            }
            auto made = converted(fields[*by.field], *from, memory);
            if (!made) {
                return made;
            }
            fields[*by.field] = *made;
        }
        for (std::size_t index = 0; index < fields.size(); ++index) {
            if (must_not_be_null(by.of->fields[index], fields[index])) {
                return invalid_null(by.of->fields[index]);
            }
        }
        return value::of_structure(*by.of, fields.data());
    }

    outcome<plan> plan_for(schema const& original) const {
        if (original.type != schema_type::structure) {
            return data_problem("Cannot list fields on non-struct type");
        }
        auto made = basics_of(original);
        made->fields = original.fields;
        made->optional = original.optional;
        plan by{nullptr, original.index_of(field_)};
        if (by.field) {
            auto& of = made->fields[*by.field].of;
            of = target(of->optional);
        }
        by.of = made;
        if (!original.default_value.is_null()) {
            auto of_default = structure(original.default_value, by, made->memory);
            if (!of_default) {
                return of_default.error();
            }
            made->default_value = *of_default;
        }
        return by;
    }

    [[nodiscard]] schema_ptr target(bool optional) const {
        switch (to_) {
        case form::string:
            return plain_schema(schema_type::string, optional);
        case form::unix:
            return plain_schema(schema_type::int64, optional);
        case form::date:
            return logical_schema(date_name, optional);
        case form::time:
            return logical_schema(time_name, optional);
        case form::timestamp:
            break;
        }
        return logical_schema(timestamp_name, optional);
    }

    static outcome<form> form_of(schema const& of) {
        if (of.name && *of.name == timestamp_name) {
            return form::timestamp;
        }
        if (of.name && *of.name == date_name) {
            return form::date;
        }
        if (of.name && *of.name == time_name) {
            return form::time;
        }
        if (of.type == schema_type::string) {
            return form::string;
        }
        if (of.type == schema_type::int64) {
            return form::unix;
        }
        return problem{problem_kind::connect,
                       fmt::format("Schema {} does not correspond to a known timestamp type format",
                                   java_text(of))};
    }

    // `from`: none, where no schema says it.
    outcome<value> converted(value const& what, std::optional<form> from, arena& memory) const {
        if (what.is_null()) {
            return what;
        }
        if (!from) {
            switch (what.kind()) {
            case value_kind::date:
                from = form::timestamp;
                break;
            case value_kind::int64:
                from = form::unix;
                break;
            case value_kind::string:
                from = form::string;
                break;
            default:
                return data_problem(fmt::format(
                    "TimestampConverter does not support class {} objects as timestamps",
                    java_class(what)));
            }
        }
        auto const ms = milliseconds(what, *from);
        if (!ms) {
            return ms.error();
        }
        return made(*ms, memory);
    }

    outcome<std::int64_t> milliseconds(value const& what, form from) const {
        if (from == form::string) {
            if (!format_) {
                return problem{problem_kind::null_pointer,
                               "Cannot invoke \"java.text.SimpleDateFormat.parse(String)\" because "
                               "\"config.format\" is null"};
            }
            auto const read = format_->parse(what.text());
            if (!read) {
                return data_problem(
                    fmt::format("Could not parse timestamp: value ({}) does not match pattern ({})",
                                what.text(), format_->pattern()));
            }
            return *read;
        }
        if (from != form::unix) {
            return what.number();
        }
        switch (precision_) {
        case precision::seconds:
            return times(what.number(), 1'000);
        case precision::microseconds:
            return what.number() / 1'000;
        case precision::nanoseconds:
            return what.number() / 1'000'000;
        case precision::milliseconds:
            break;
        }
        return what.number();
    }

    [[nodiscard]] value made(std::int64_t ms, arena& memory) const {
        switch (to_) {
        case form::string: {
            std::string text;
            format_->format(ms, text);
            return value::of_string(memory.keep(text));
        }
        case form::date:
            return value::of_date(times(split_ms(ms).day, day_ms));
        case form::time:
            return value::of_date(split_ms(ms).rest);
        case form::timestamp:
            return value::of_date(ms);
        case form::unix:
            break;
        }
        switch (precision_) {
        case precision::seconds:
            return value::of_integer(value_kind::int64, ms / 1'000);
        case precision::microseconds:
            return value::of_integer(value_kind::int64, times(ms, 1'000));
        case precision::nanoseconds:
            return value::of_integer(value_kind::int64, times(ms, 1'000'000));
        case precision::milliseconds:
            break;
        }
        return value::of_integer(value_kind::int64, ms);
    }

    record_side side_;
    std::string field_;
    form to_;
    precision precision_;
    std::optional<date_format> format_;
    bool null_with_default_;
    plan_cache<plan> plans_;
};

bool is_blank(std::string_view text) noexcept {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

} // namespace

setting_definitions timestamp_converter_definitions() {
    return {
        {"field", setting_type::string, setting{std::string{}}, importance::high,
         "The field containing the timestamp, or empty if the entire value is a timestamp"},
        {"target.type", setting_type::string, std::nullopt, importance::high,
         "The desired timestamp representation: string, unix, Date, Time, or Timestamp",
         one_of({"string", "unix", "Date", "Time", "Timestamp"})},
        {"format", setting_type::string, setting{std::string{}}, importance::medium,
         "A SimpleDateFormat-compatible format for the timestamp. Used to generate the output when "
         "type=string or used to parse the input if the input is a string."},
        {"unix.precision", setting_type::string, setting{std::string{"milliseconds"}},
         importance::low,
         "The desired Unix precision for the timestamp: seconds, milliseconds, microseconds, or "
         "nanoseconds. Used to generate the output when type=unix or used to parse the input if the "
         "input is a Long.Note: This SMT will cause precision loss during conversions from, and to, "
         "values with sub-millisecond components.",
         one_of({"nanoseconds", "microseconds", "milliseconds", "seconds"})},
        null_with_default_definition(),
    };
}

outcome<transformation_ptr> make_timestamp_converter(settings const& by, record_side side) {
    auto const& pattern = by.string("format");
    if (is_blank(pattern)) {
        if (by.string("target.type") == "string") {
            return problem{problem_kind::config, "TimestampConverter requires format option to be "
                                                 "specified when using string timestamps"};
        }
        return transformation_ptr{std::make_unique<timestamp_converter>(by, side, std::nullopt)};
    }
    auto format = date_format::of(pattern, clock_ms());
    if (!format) {
        return problem{
            problem_kind::config,
            fmt::format("Invalid value {}: {} for configuration TimestampConverter requires "
                        "a SimpleDateFormat-compatible pattern for string timestamps: {}",
                        java_class(format.error().kind), format.error().what, pattern)};
    }
    return transformation_ptr{std::make_unique<timestamp_converter>(by, side, std::move(*format))};
}

} // namespace tandem::connect
