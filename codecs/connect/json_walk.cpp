#include "codecs/connect/json_walk.hpp"

#include "codecs/connect/java_text.hpp"
#include "codecs/connect/old_calendar.hpp"
#include "codecs/event/json_unescape.hpp"
#include "codecs/values/bytes_text.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>

namespace tandem::connect {
namespace {

using event::token_place;

constexpr int depth_most = 64;

// As Jackson calls what begins so.
std::string_view node_type(char first) noexcept {
    switch (first) {
    case '"':
        return "STRING";
    case '{':
        return "OBJECT";
    case '[':
        return "ARRAY";
    case 't':
    case 'f':
        return "BOOLEAN";
    case 'n':
        return "NULL";
    default:
        return "NUMBER";
    }
}

bool is_integral(std::string_view number) noexcept {
    return number.find_first_of(".eE") == std::string_view::npos;
}

template <class Number>
bool parse(std::string_view text, Number& into) noexcept {
    auto const [stop, failed] = std::from_chars(text.data(), text.data() + text.size(), into);
    return failed == std::errc{} && stop == text.data() + text.size();
}

problem no_map(schema const& of, char first) {
    return data_problem(
        fmt::format("Maps with {}, but found {}",
                    of.key->type == schema_type::string
                        ? "string fields should be encoded as JSON objects"
                        : "non-string fields should be encoded as JSON array of tuples",
                    node_type(first)));
}

struct integer_range {
    std::int64_t least;
    std::int64_t most;
    value_kind kind;
};

template <class Integer>
constexpr integer_range range_of(value_kind kind) noexcept {
    return {std::numeric_limits<Integer>::min(), std::numeric_limits<Integer>::max(), kind};
}

integer_range range_of(schema_type type) noexcept {
    switch (type) {
    case schema_type::int8:
        return range_of<std::int8_t>(value_kind::int8);
    case schema_type::int16:
        return range_of<std::int16_t>(value_kind::int16);
    case schema_type::int32:
        return range_of<std::int32_t>(value_kind::int32);
    default:
        return range_of<std::int64_t>(value_kind::int64);
    }
}

} // namespace

void json_walk::not_json() {
    fail(data_problem("Converting byte[] to Kafka Connect data failed due to serialization error: "
                      "the text is not JSON"));
}

std::string_view json_walk::string(std::string_view token) {
    if (token.size() < 2 || token.front() != '"' || token.back() != '"') {
        not_json();
        return {};
    }
    auto const raw = token.substr(1, token.size() - 2);
    if (!event::has_escape(raw)) {
        return raw;
    }
    char* const room = memory_.reserve(raw.size() + event::unescape_slack);
    auto const done = event::unescape(raw, room);
    if (done.error != event::event_errc::ok) {
        fail(data_problem(fmt::format("Converting byte[] to Kafka Connect data failed due to "
                                      "serialization error: {}",
                                      describe(done.error))));
        return {};
    }
    return memory_.commit(done.written);
}

void json_walk::wrong_type(std::string_view token, schema const& of) {
    fail(data_problem(fmt::format("Invalid type for {} field, found {}", java_name(of.type),
                                  node_type(token.empty() ? '\0' : token.front()))));
}

void json_walk::read_missing(schema const& of, value& into) {
    if (options_.null_with_default && !of.default_value.is_null()) {
        into = of.default_value;
    } else if (of.optional) {
        into = {};
    } else {
        fail(data_problem(
            fmt::format("Invalid null value for required {} field", java_name(of.type))));
    }
}

token_place json_walk::read(token_place at, schema const* of, value& into) {
    char const first = in_.front(at);
    if (first == '{' || first == '[') {
        if (++depth_ > depth_most) {
            fail(data_problem(fmt::format("the record is nested deeper than {}", depth_most)));
            return at;
        }
        if (of == nullptr) {
            at = first == '{' ? map(at, nullptr, into) : array(at, nullptr, into);
        } else if (of->type == schema_type::structure && first == '{') {
            at = structure(at, *of, into);
        } else if (of->type == schema_type::map) {
            bool const object = of->key->type == schema_type::string;
            if (object == (first == '{')) {
                at = object ? map(at, of, into) : pairs(at, *of, into);
            } else {
                fail(no_map(*of, first));
            }
        } else if (of->type == schema_type::array && first == '[') {
            at = array(at, of->element.get(), into);
        } else if (of->type == schema_type::structure) {
            fail(data_problem(fmt::format("Structs should be encoded as JSON objects, but found {}",
                                          node_type(first))));
        } else {
            wrong_type(in_.token(at), *of);
        }
        --depth_;
        return at;
    }
    auto const token = in_.token(at);
    if (!event::is_scalar(token)) {
        not_json();
        return at;
    }
    if (first == 'n' && of != nullptr) {
        read_missing(*of, into);
    } else if (of == nullptr) {
        free_scalar(token, into);
    } else {
        scalar(token, *of, into);
    }
    return in_.next(at);
}

token_place json_walk::structure(token_place at, schema const& of, value& into) {
    auto const values = make_array<value>(memory_, of.fields.size());
    auto const seen = make_array<bool>(memory_, of.fields.size());
    std::size_t expected = 0;
    at = fields(at, [&](std::string_view name, token_place place) {
        if (expected >= of.fields.size() || of.fields[expected].name != name) {
            auto const found = of.index_of(name);
            if (!found) { // as Connect, which asks for the fields that it knows
                auto const passed = event::pass_value(in_, place);
                if (passed.error != event::event_errc::ok) {
                    not_json();
                }
                return passed.behind;
            }
            expected = *found;
        }
        seen[expected] = true;
        auto const behind = read(place, of.fields[expected].of.get(), values[expected]);
        ++expected;
        return behind;
    });
    for (std::size_t index = 0; index < of.fields.size() && !failed(); ++index) {
        if (!seen[index]) {
            read_missing(*of.fields[index].of, values[index]);
        }
    }
    into = value::of_structure(of, values.data());
    return at;
}

token_place json_walk::array(token_place at, schema const* element, value& into) {
    at = in_.next(at);
    std::size_t const first = elements_.size();
    if (in_.front(at) == ']') {
        into = value::of_array({});
        return in_.next(at);
    }
    while (!failed()) {
        value each;
        at = read(at, element, each);
        elements_.push_back(each);
        char const next = in_.front(at);
        at = in_.next(at);
        if (next == ']') {
            break;
        }
        if (next != ',') {
            not_json();
        }
    }
    auto const made = make_array<value>(memory_, elements_.size() - first);
    std::copy(elements_.begin() + static_cast<std::ptrdiff_t>(first), elements_.end(),
              made.begin());
    elements_.resize(first);
    into = value::of_array(made);
    return at;
}

token_place json_walk::map(token_place at, schema const* of, value& into) {
    std::size_t const first = entries_.size();
    auto const* const mapped = of == nullptr ? nullptr : of->element.get();
    at = fields(at, [&](std::string_view name, token_place place) {
        map_entry each{value::of_string(name), {}};
        place = read(place, mapped, each.mapped);
        for (std::size_t index = first; index < entries_.size(); ++index) {
            if (entries_[index].key.text() == name) { // the last one counts
                entries_[index] = each;
                return place;
            }
        }
        entries_.push_back(each);
        return place;
    });
    auto const made = make_array<map_entry>(memory_, entries_.size() - first);
    std::copy(entries_.begin() + static_cast<std::ptrdiff_t>(first), entries_.end(), made.begin());
    entries_.resize(first);
    into = value::of_map(made);
    return at;
}

// A map whose keys are no strings: [[key, value], ...].
token_place json_walk::pairs(token_place at, schema const& of, value& into) {
    at = in_.next(at);
    std::size_t const first = entries_.size();
    bool more = in_.front(at) != ']';
    if (!more) {
        at = in_.next(at);
    }
    while (more && !failed()) {
        if (in_.front(at) != '[') {
            fail(data_problem(fmt::format("Found invalid map entry instead of array tuple: {}",
                                          node_type(in_.front(at)))));
            break;
        }
        map_entry each;
        at = read(in_.next(at), of.key.get(), each.key);
        if (failed() || in_.front(at) != ',') {
            fail(data_problem("Found invalid map entry, expected length 2"));
            break;
        }
        at = read(in_.next(at), of.element.get(), each.mapped);
        if (failed() || in_.front(at) != ']') {
            fail(data_problem("Found invalid map entry, expected length 2"));
            break;
        }
        at = in_.next(at);
        entries_.push_back(each);
        more = in_.front(at) == ',';
        if (!more && in_.front(at) != ']') {
            not_json();
        }
        at = in_.next(at);
    }
    auto const made = make_array<map_entry>(memory_, entries_.size() - first);
    std::copy(entries_.begin() + static_cast<std::ptrdiff_t>(first), entries_.end(), made.begin());
    entries_.resize(first);
    into = value::of_map(made);
    return at;
}

void json_walk::free_scalar(std::string_view token, value& into) {
    switch (token.front()) {
    case '"':
        into = value::of_string(string(token));
        return;
    case 't':
    case 'f':
        into = value::of_boolean(token.front() == 't');
        return;
    case 'n':
        into = {};
        return;
    default:
        break;
    }
    if (is_integral(token)) {
        std::int64_t number = 0;
        if (!parse(token, number)) {
            fail(data_problem(fmt::format("the number {} does not fit 64 bits", token)));
        }
        into = value::of_integer(value_kind::int64, number);
        return;
    }
    into = value::of_real(value_kind::float64, double_of(token));
}

void json_walk::scalar(std::string_view token, schema const& of, value& into) {
    if (of.name && logical(token, of, into)) {
        return;
    }
    char const first = token.front();
    switch (of.type) {
    case schema_type::int8:
    case schema_type::int16:
    case schema_type::int32:
    case schema_type::int64:
        integer(token, of, into);
        return;
    case schema_type::float32:
    case schema_type::float64:
        real(token, of, into);
        return;
    case schema_type::boolean:
        if (first != 't' && first != 'f') {
            break;
        }
        into = value::of_boolean(first == 't');
        return;
    case schema_type::string:
        if (first != '"') {
            break;
        }
        into = value::of_string(string(token));
        return;
    case schema_type::bytes:
        if (first != '"') {
            break;
        }
        bytes(token, into);
        return;
    case schema_type::structure:
        fail(data_problem(fmt::format("Structs should be encoded as JSON objects, but found {}",
                                      node_type(first))));
        return;
    case schema_type::map:
        fail(no_map(of, first));
        return;
    case schema_type::array:
        break;
    }
    wrong_type(token, of);
}

void json_walk::integer(std::string_view token, schema const& of, value& into) {
    auto const range = range_of(of.type);
    std::int64_t number = 0;
    if (node_type(token.front()) != "NUMBER") {
        wrong_type(token, of);
    } else if (!is_integral(token) || !parse(token, number) || number < range.least ||
               number > range.most) {
        fail(data_problem(fmt::format("the number {} does not fit a field of type {}", token,
                                      java_name(of.type))));
    }
    into = value::of_integer(range.kind, number);
}

void json_walk::real(std::string_view token, schema const& of, value& into) {
    auto const kind = of.type == schema_type::float32 ? value_kind::float32 : value_kind::float64;
    double number = 0;
    if (node_type(token.front()) == "NUMBER") {
        number = of.type == schema_type::float32 ? double{float_of(token)} : double_of(token);
    } else if (token == "\"NaN\"") {
        number = std::numeric_limits<double>::quiet_NaN();
    } else if (token == "\"Infinity\"" || token == "\"-Infinity\"") {
        number = token[1] == '-' ? -std::numeric_limits<double>::infinity()
                                 : std::numeric_limits<double>::infinity();
    } else {
        wrong_type(token, of);
    }
    into = value::of_real(kind, number);
}

void json_walk::bytes(std::string_view token, value& into) {
    auto const read = values::parse_base64(string(token));
    if (!read) {
        fail(data_problem("Invalid bytes field"));
        return;
    }
    into = value::of_bytes(memory_.keep(*read));
}

void json_walk::decimal(std::string_view token, schema const& of, value& into) {
    if (node_type(token.front()) == "NUMBER") {
        auto const read = decimal_of(token);
        if (!read) {
            fail(data_problem("Invalid bytes for Decimal field"));
            return;
        }
        into = value::of_decimal(memory_.keep(read->unscaled), read->scale);
        return;
    }
    if (token.front() != '"') {
        fail(data_problem(
            fmt::format("Invalid type for Decimal, underlying representation should be "
                        "numeric or bytes but was {}",
                        node_type(token.front()))));
        return;
    }
    auto const scale = scale_of(of);
    auto const read = values::parse_base64(string(token));
    if (!scale || !read || read->empty()) {
        fail(data_problem("Invalid bytes for Decimal field"));
        return;
    }
    into = value::of_decimal(memory_.keep(minimal_unscaled(*read)), *scale);
}

// False: its name is none that means a type of its own.
bool json_walk::logical(std::string_view token, schema const& of, value& into) {
    std::string_view const name = *of.name;
    if (name == decimal_name) {
        decimal(token, of, into);
        return true;
    }
    if (name != date_name && name != time_name && name != timestamp_name) {
        return false;
    }
    std::int64_t number = 0;
    bool const is_number = node_type(token.front()) == "NUMBER" && is_integral(token);
    if (name == timestamp_name) {
        if (!is_number || !parse(token, number)) {
            fail(data_problem(fmt::format("Invalid type for Timestamp, underlying representation "
                                          "should be integral but was {}",
                                          node_type(token.front()))));
        }
        into = value::of_date(number);
        return true;
    }
    std::int32_t small = 0;
    if (!is_number || !parse(token, small)) {
        fail(data_problem(fmt::format(
            "Invalid type for {}, underlying representation should be integer but was {}",
            name == date_name ? "Date" : "Time", node_type(token.front()))));
    } else if (name == time_name && (small < 0 || small > day_ms)) {
        fail(
            data_problem("Time values must use number of milliseconds greater than 0 and less than "
                         "86400000"));
    }
    into = value::of_date(name == date_name ? small * day_ms : small);
    return true;
}

} // namespace tandem::connect
