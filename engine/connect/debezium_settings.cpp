#include "engine/connect/debezium_settings.hpp"

#include "engine/connect/java_hash.hpp"
#include "engine/transform/java_regex.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <utility>

namespace tandem::connect {
namespace {

std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') {
        text.remove_prefix(1);
    }
    while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') {
        text.remove_suffix(1);
    }
    return text;
}

std::string lower(std::string_view text) {
    std::string made{text};
    std::ranges::transform(made, made.begin(), [](char each) {
        return each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
    });
    return made;
}

// As Java's Integer.parseInt and Long.parseLong.
template <class Number>
std::optional<std::int64_t> number_of(std::string_view text) {
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (text.starts_with('-')) {
            return std::nullopt;
        }
    }
    Number read{};
    auto const [stop, failed] = std::from_chars(text.data(), text.data() + text.size(), read);
    bool const whole = failed == std::errc{} && stop == text.data() + text.size();
    return whole ? std::optional<std::int64_t>{read} : std::nullopt;
}

template <class Number>
void check_least(debezium_value const& of, std::int64_t least, char const* why,
                 string_list& problems) {
    if (!of.text) {
        return;
    }
    auto const read = number_of<Number>(*of.text);
    if (!read || *read < least) {
        problems.emplace_back(why);
    }
}

bool only_of(std::string_view text, std::string_view others) noexcept {
    return !text.empty() && std::ranges::all_of(text, [others](char each) {
        return (each >= '0' && each <= '9') || (each >= 'a' && each <= 'z') ||
               (each >= 'A' && each <= 'Z') || others.find(each) != std::string_view::npos;
    });
}

string_list split(std::string_view text, char separator) {
    string_list made;
    while (true) {
        auto const stop = std::min(text.find(separator), text.size());
        made.emplace_back(text.substr(0, stop));
        if (stop == text.size()) {
            return made;
        }
        text.remove_prefix(stop + 1);
    }
}

bool is_class_name(std::string_view text) noexcept {
    while (true) {
        auto const stop = std::min(text.find('.'), text.size());
        auto const part = text.substr(0, stop);
        if (!only_of(part, "_$") || (part.front() >= '0' && part.front() <= '9')) {
            return false;
        }
        if (stop == text.size()) {
            return true;
        }
        text.remove_prefix(stop + 1);
    }
}

void check_type(setting_type type, debezium_value const& of, string_list& problems) {
    if (!of.text) {
        return;
    }
    switch (type) {
    case setting_type::boolean: {
        auto const word = lower(trimmed(*of.text));
        if (word != "true" && word != "false") {
            problems.emplace_back("Either 'true' or 'false' is expected");
        }
        break;
    }
    case setting_type::java_class:
        if (!is_class_name(*of.text)) {
            problems.emplace_back("A Java class name is expected");
        }
        break;
    case setting_type::int16:
        if (!number_of<std::int16_t>(*of.text)) {
            problems.emplace_back("A short value is expected");
        }
        break;
    case setting_type::int32:
        if (!number_of<std::int32_t>(*of.text)) {
            problems.emplace_back("An integer is expected");
        }
        break;
    case setting_type::int64:
        if (!number_of<std::int64_t>(*of.text)) {
            problems.emplace_back("A long value is expected");
        }
        break;
    case setting_type::real:
    case setting_type::string:
    case setting_type::list:
    case setting_type::password:
        break;
    }
}

} // namespace

std::string invalid_debezium_value(std::string_view name, std::string_view why) {
    return fmt::format("The '{}' value is invalid: {}", name, why);
}

void debezium_settings::add(std::string_view group, std::span<debezium_row const> rows) {
    auto order = static_cast<int>(std::ranges::count_if(
        definitions_, [&](setting_definition const& each) { return each.group == group; }));
    for (auto const& row : rows) {
        setting_definition made;
        made.name = row.name;
        made.type = row.type;
        made.by_default.emplace();
        if (row.by_default != nullptr) {
            made.by_default = parse_setting(row.name, row.by_default, row.type).value();
        }
        made.matters = row.matters;
        made.doc = row.doc;
        made.group = group;
        made.order = ++order;
        made.width = row.width;
        made.display = row.display;
        if (!row.dependent.empty()) {
            made.dependents.emplace_back(row.dependent);
        }
        rule by{{}, row.checks, row.visible};
        if (!row.allowed.empty()) {
            by.allowed = in_hash_order(split(row.allowed, ','));
        }
        definitions_.push_back(std::move(made));
        rules_.push_back(std::move(by));
    }
}

std::vector<debezium_settings::judged> debezium_settings::judge(property_map const& given) const {
    std::vector<judged> made;
    for (std::size_t index = 0; index < definitions_.size(); ++index) {
        auto const& by = definitions_[index];
        auto const& more = rules_[index];
        auto const found = given.find(by.name);
        auto const standard = text_of(*by.by_default);
        std::optional<std::string_view> text;
        if (found != given.end()) {
            text = found->second;
        } else if (!std::holds_alternative<std::monostate>(*by.by_default)) {
            text = standard;
        }
        string_list problems;
        check_type(by.type, {text, given}, problems);
        if (!more.allowed.empty() &&
            (!text ||
             std::ranges::find(more.allowed, lower(trimmed(*text))) == more.allowed.end())) {
            problems.push_back(
                fmt::format("Value must be one of {}", fmt::join(more.allowed, ", ")));
        }
        for (auto const check : more.checks) {
            if (check != nullptr) {
                check({text, given}, problems);
            }
        }
        for (auto& each : problems) {
            each = invalid_debezium_value(by.name, each);
        }
        made.push_back({by.name, more.allowed, std::move(problems), more.visible});
    }
    return made;
}

void check_required(debezium_value const& of, string_list& problems) {
    if (!of.text || trimmed(*of.text).empty()) {
        problems.emplace_back("A value is required");
    }
}

// A type's own check finds the same: Debezium says it twice.
void check_integer(debezium_value const& of, string_list& problems) {
    check_type(setting_type::int32, of, problems);
}

void check_boolean(debezium_value const& of, string_list& problems) {
    check_type(setting_type::boolean, of, problems);
}

void check_positive_integer(debezium_value const& of, string_list& problems) {
    check_least<std::int32_t>(of, 1, "A positive, non-zero integer value is expected", problems);
}

void check_non_negative_integer(debezium_value const& of, string_list& problems) {
    check_least<std::int32_t>(of, 0, "An non-negative integer is expected", problems);
}

void check_positive_long(debezium_value const& of, string_list& problems) {
    check_least<std::int64_t>(of, 1, "A positive, non-zero long value is expected", problems);
}

void check_non_negative_long(debezium_value const& of, string_list& problems) {
    check_least<std::int64_t>(of, 0, "A non-negative long value is expected", problems);
}

void check_list_of_regexes(debezium_value const& of, string_list& problems) {
    if (!of.text) {
        return;
    }
    for (auto const& each : split(*of.text, ',')) {
        auto const made = java_regex::of(trimmed(each), true);
        if (!made) {
            problems.push_back(
                "A comma-separated list of valid regular expressions is expected, but " +
                made.error().what);
            return;
        }
    }
}

void check_pairs(debezium_value const& of, string_list& problems) {
    if (!of.text || trimmed(*of.text).empty()) {
        return;
    }
    for (auto const& each : split(*of.text, ',')) {
        if (split(each, '=').size() != 2) {
            problems.emplace_back(
                "A equivalent-separated map of valid key/value pairs is expected, "
                "for example: k1=v1,k2=v2");
            return;
        }
    }
}

void check_topic_name(debezium_value const& of, string_list& problems) {
    if (of.text && !only_of(*of.text, "_.-")) {
        problems.push_back(
            fmt::format("{} has invalid format (only the underscore, hyphen, dot and "
                        "alphanumeric characters are allowed)",
                        *of.text));
    }
}

void check_host_name(debezium_value const& of, string_list& problems) {
    if (of.text && !trimmed(*of.text).empty() && !only_of(*of.text, "-_.")) {
        problems.push_back(
            fmt::format("{} has invalid format (only the underscore, hyphen, dot and "
                        "alphanumeric characters are allowed)",
                        *of.text));
    }
}

} // namespace tandem::connect
