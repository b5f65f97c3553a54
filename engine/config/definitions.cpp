#include "engine/config/definitions.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
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

bool is_space(char each) noexcept {
    return each == ' ' || (each >= '\t' && each <= '\r');
}

std::string lower(std::string_view text) {
    std::string made{text};
    std::ranges::transform(made, made.begin(), [](char each) {
        return each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
    });
    return made;
}

std::string upper(std::string_view text) {
    std::string made{text};
    std::ranges::transform(made, made.begin(), [](char each) {
        return each >= 'a' && each <= 'z' ? static_cast<char>(each - 'a' + 'A') : each;
    });
    return made;
}

// At commas with the blanks around them. Empty elements count.
string_list split(std::string_view text) {
    string_list made;
    if (text.empty()) {
        return made;
    }
    for (;;) {
        auto const comma = text.find(',');
        auto each = text.substr(0, comma);
        if (comma != std::string_view::npos) {
            while (!each.empty() && is_space(each.back())) {
                each.remove_suffix(1);
            }
        }
        made.emplace_back(each);
        if (comma == std::string_view::npos) {
            return made;
        }
        text.remove_prefix(comma + 1);
        while (!text.empty() && is_space(text.front())) {
            text.remove_prefix(1);
        }
    }
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (text.starts_with('-')) {
            return std::nullopt;
        }
    }
    Number read{};
    auto const [stop, failed] = std::from_chars(text.data(), text.data() + text.size(), read);
    return failed == std::errc{} && stop == text.data() + text.size() ? std::optional{read}
                                                                      : std::nullopt;
}

template <class Number>
std::optional<setting> integer(std::string_view text) {
    auto const read = number_of<Number>(text);
    return read ? std::optional{setting{std::int64_t{*read}}} : std::nullopt;
}

std::optional<setting> number(std::string_view text, setting_type type) {
    switch (type) {
    case setting_type::int16:
        return integer<std::int16_t>(text);
    case setting_type::int32:
        return integer<std::int32_t>(text);
    case setting_type::int64:
        return integer<std::int64_t>(text);
    default: {
        auto const read = number_of<double>(text);
        return read ? std::optional{setting{*read}} : std::nullopt;
    }
    }
}

} // namespace

std::string_view java_name(setting_type type) noexcept {
    constexpr std::array<std::string_view, 9> names{"BOOLEAN", "STRING", "INT",   "SHORT",   "LONG",
                                                    "DOUBLE",  "LIST",   "CLASS", "PASSWORD"};
    return names[static_cast<std::size_t>(type)];
}

std::string java_text(setting const& of) {
    if (std::holds_alternative<std::monostate>(of)) {
        return "null";
    }
    if (auto const* const list = std::get_if<string_list>(&of)) {
        return fmt::format("[{}]", fmt::join(*list, ", "));
    }
    return text_of(of);
}

std::string text_of(setting const& of) {
    if (auto const* const truth = std::get_if<bool>(&of)) {
        return *truth ? "true" : "false";
    }
    if (auto const* const number = std::get_if<std::int64_t>(&of)) {
        return std::to_string(*number);
    }
    if (auto const* const real = std::get_if<double>(&of)) {
        return fmt::format("{:#}", *real);
    }
    if (auto const* const text = std::get_if<std::string>(&of)) {
        return *text;
    }
    if (auto const* const list = std::get_if<string_list>(&of)) {
        return fmt::format("{}", fmt::join(*list, ","));
    }
    return {};
}

std::string invalid_value(std::string_view name, std::string_view value, std::string_view why) {
    return fmt::format("Invalid value {} for configuration {}: {}", value, name, why);
}

std::string no_such_class(std::string_view name, std::string_view class_name,
                          std::string_view more) {
    return invalid_value(
        name, class_name,
        fmt::format("Class {} could not be found.{}{}", class_name, more.empty() ? "" : " ", more));
}

outcome<setting> parse_setting(std::string_view name, std::string_view text, setting_type type) {
    auto const value = trimmed(text);
    switch (type) {
    case setting_type::boolean: {
        auto const word = lower(value);
        if (word == "true" || word == "false") {
            return setting{word == "true"};
        }
        return problem{problem_kind::config,
                       invalid_value(name, text, "Expected value to be either true or false")};
    }
    case setting_type::list:
        return setting{split(value)};
    case setting_type::string:
    case setting_type::java_class:
    case setting_type::password:
        return setting{std::string{value}};
    case setting_type::int16:
    case setting_type::int32:
    case setting_type::int64:
    case setting_type::real:
        break;
    }
    auto const read = number(value, type);
    return read ? outcome<setting>{*read}
                : problem{problem_kind::config,
                          invalid_value(name, text,
                                        fmt::format("Not a number of type {}", java_name(type)))};
}

checked_setting check_setting(setting_definition const& by, property_map const& given) {
    checked_setting made;
    auto const found = given.find(by.name);
    if (found != given.end()) {
        auto parsed = parse_setting(by.name, found->second, by.type);
        auto const missing =
            parsed && by.no_class ? by.no_class(std::get<std::string>(*parsed)) : std::nullopt;
        if (missing) {
            made.problems.push_back(
                no_such_class(by.name, std::get<std::string>(*parsed), *missing));
        } else if (parsed) {
            made.what = std::move(*parsed);
        } else {
            made.problems.push_back(parsed.error().what);
        }
    } else if (by.by_default) {
        made.what = *by.by_default;
    } else {
        made.problems.push_back(fmt::format(
            "Missing required configuration \"{}\" which has no default value.", by.name));
    }
    if (by.check) {
        if (auto const why = by.check(made.what)) {
            made.problems.push_back(invalid_value(by.inner_name.empty() ? by.name : by.inner_name,
                                                  java_text(made.what), *why));
        }
    }
    if (by.objection) {
        if (auto why = by.objection(made.what)) {
            made.problems.push_back(std::move(*why));
        }
    }
    return made;
}

outcome<settings> settings::parse(setting_definitions const& by, property_map const& given) {
    settings made;
    for (auto const& each : by) {
        auto checked = check_setting(each, given);
        if (!checked.problems.empty()) {
            return problem{problem_kind::config, std::move(checked.problems.front())};
        }
        made.values_.emplace(each.name, std::move(checked.what));
    }
    return made;
}

bool settings::is_null(std::string_view name) const {
    return std::holds_alternative<std::monostate>(values_.find(name)->second);
}

bool settings::boolean(std::string_view name) const {
    return std::get<bool>(values_.find(name)->second);
}

std::int64_t settings::number(std::string_view name) const {
    return std::get<std::int64_t>(values_.find(name)->second);
}

std::string const& settings::string(std::string_view name) const {
    return std::get<std::string>(values_.find(name)->second);
}

std::optional<std::string> settings::string_or_none(std::string_view name) const {
    return is_null(name) ? std::nullopt : std::optional{string(name)};
}

string_list const& settings::list(std::string_view name) const {
    return std::get<string_list>(values_.find(name)->second);
}

setting_check one_of(string_list allowed) {
    return [allowed = std::move(allowed)](setting const& what) -> std::optional<std::string> {
        auto const* const text = std::get_if<std::string>(&what);
        if (text != nullptr && std::ranges::find(allowed, *text) != allowed.end()) {
            return std::nullopt;
        }
        return fmt::format("String must be one of: {}", fmt::join(allowed, ", "));
    };
}

setting_check one_of_in_any_case(string_list allowed) {
    return [allowed = std::move(allowed)](setting const& what) -> std::optional<std::string> {
        auto const* const text = std::get_if<std::string>(&what);
        if (text != nullptr && std::ranges::find(allowed, upper(*text)) != allowed.end()) {
            return std::nullopt;
        }
        return fmt::format("String must be one of (case insensitive): {}",
                           fmt::join(allowed, ", "));
    };
}

setting_check non_empty_string() {
    return [](setting const& what) -> std::optional<std::string> {
        auto const* const text = std::get_if<std::string>(&what);
        return text != nullptr && text->empty() ? std::optional{"String must be non-empty"}
                                                : std::nullopt;
    };
}

setting_check non_empty_without_control_characters() {
    return [](setting const& what) -> std::optional<std::string> {
        auto const* const text = std::get_if<std::string>(&what);
        if (text == nullptr) {
            return std::nullopt;
        }
        if (text->empty()) {
            return "String may not be empty";
        }
        std::vector<int> found;
        for (std::size_t at = 0; at < text->size(); ++at) {
            auto const each = static_cast<unsigned char>((*text)[at]);
            auto const next =
                at + 1 < text->size() ? static_cast<unsigned char>((*text)[at + 1]) : 0;
            constexpr int two_bytes = 0xC2; // of U+0080 to U+00BF, whose first half are controls
            if (each < 0x20 || each == 0x7F) {
                found.push_back(each);
            } else if (each == two_bytes && next < 0xA0) {
                found.push_back(next);
            }
        }
        if (found.empty()) {
            return std::nullopt;
        }
        return fmt::format(
            "String may not contain control sequences but had the following ASCII chars: {}",
            fmt::join(found, ", "));
    };
}

setting_check different_aliases() {
    return [](setting const& what) -> std::optional<std::string> {
        auto const* const list = std::get_if<string_list>(&what);
        if (list == nullptr) {
            return "entry must be non null";
        }
        auto sorted = *list;
        std::ranges::sort(sorted);
        return std::ranges::adjacent_find(sorted) != sorted.end()
                   ? std::optional{"Duplicate alias provided."}
                   : std::nullopt;
    };
}

setting_check non_null() {
    return [](setting const& what) -> std::optional<std::string> {
        return std::holds_alternative<std::monostate>(what)
                   ? std::optional{"entry must be non null"}
                   : std::nullopt;
    };
}

setting_check at_least(std::int64_t least) {
    return between(least, std::numeric_limits<std::int64_t>::max());
}

setting_check between(std::int64_t least, std::int64_t most) {
    return [least, most](setting const& what) -> std::optional<std::string> {
        auto const* const number = std::get_if<std::int64_t>(&what);
        if (number == nullptr) {
            return "Value must be non-null";
        }
        if (*number < least) {
            return fmt::format("Value must be at least {}", least);
        }
        return *number > most ? std::optional{fmt::format("Value must be no more than {}", most)}
                              : std::nullopt;
    };
}

setting_check non_empty_list() {
    return [](setting const& what) -> std::optional<std::string> {
        auto const* const list = std::get_if<string_list>(&what);
        return list == nullptr || list->empty() ? std::optional{"Empty list"} : std::nullopt;
    };
}

property_map with_prefix(property_map const& all, std::string_view prefix) {
    property_map made;
    for (auto at = all.lower_bound(prefix); at != all.end() && at->first.starts_with(prefix);
         ++at) {
        made.emplace(at->first.substr(prefix.size()), at->second);
    }
    return made;
}

std::string text_in(property_map const& all, std::string_view name, std::string_view standard) {
    auto const found = all.find(name);
    return found == all.end() ? std::string{standard} : found->second;
}

} // namespace tandem::connect
