#include "engine/connect/config_providers.hpp"

#include "engine/transform/java_regex.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

namespace tandem::connect {
namespace {

namespace fs = std::filesystem;

problem unresolved(std::string_view setting, std::string_view why) {
    return {problem_kind::config,
            fmt::format("The value of {} points to what cannot be had: {}", setting, why)};
}

// Where it lies does not show it to be elsewhere.
bool allowed(fs::path const& path, provider_rules const& rules) {
    if (rules.paths.empty()) {
        return true;
    }
    std::error_code hidden;
    auto const whole = fs::weakly_canonical(path, hidden).string();
    return !hidden && std::ranges::any_of(rules.paths, [&](std::string const& each) {
        std::error_code missing;
        auto const root = fs::weakly_canonical(each, missing).string();
        return !missing && (whole == root || whole.starts_with(root + '/'));
    });
}

std::optional<std::string> contents_of(fs::path const& path) {
    std::ifstream file{path, std::ios::binary};
    if (!file) {
        return std::nullopt;
    }
    return std::string{std::istreambuf_iterator<char>{file}, {}};
}

std::string_view trimmed(std::string_view text) noexcept {
    auto const begin = text.find_first_not_of(" \t\f\r");
    return begin == std::string_view::npos
               ? std::string_view{}
               : text.substr(begin, text.find_last_not_of(" \t\f\r") - begin + 1);
}

// Of a file of properties, as Java writes them, without continued lines.
std::optional<std::string> property_of(std::string_view text, std::string_view key) {
    std::optional<std::string> found;
    while (!text.empty()) {
        auto const stop = std::min(text.find('\n'), text.size());
        auto const line = trimmed(text.substr(0, stop));
        text.remove_prefix(std::min(stop + 1, text.size()));
        if (line.empty() || line.front() == '#' || line.front() == '!') {
            continue;
        }
        auto const separator = line.find_first_of("=:");
        if (separator != std::string_view::npos && trimmed(line.substr(0, separator)) == key) {
            found = trimmed(line.substr(separator + 1));
        }
    }
    return found;
}

outcome<std::string> from_file(std::string_view setting, std::string_view path,
                               std::string_view key, provider_rules const& rules) {
    if (!allowed(path, rules)) {
        return unresolved(setting, fmt::format("{} is outside the allowed paths", path));
    }
    auto const text = contents_of(path);
    if (!text) {
        return unresolved(setting, fmt::format("file {} cannot be read", path));
    }
    auto found = property_of(*text, key);
    return found ? outcome<std::string>{std::move(*found)}
                 : unresolved(setting, fmt::format("file {} has no {}", path, key));
}

outcome<std::string> from_directory(std::string_view setting, std::string_view path,
                                    std::string_view key, provider_rules const& rules) {
    auto const whole = fs::path{path} / key;
    if (key.find('/') != std::string_view::npos || !allowed(whole, rules)) {
        return unresolved(setting, fmt::format("{} is outside the allowed paths", whole.string()));
    }
    auto text = contents_of(whole);
    return text ? outcome<std::string>{std::move(*text)}
                : unresolved(setting, fmt::format("file {} cannot be read", whole.string()));
}

outcome<std::string> from_environment(std::string_view setting, std::string_view name,
                                      provider_rules const& rules) {
    if (!rules.variables.empty()) {
        auto const pattern = java_regex::of(rules.variables);
        if (!pattern || !pattern->matches(name)) {
            return unresolved(setting, fmt::format("variable {} is not allowed", name));
        }
    }
    std::string const ended{name};
    auto const* const value = std::getenv(ended.c_str());
    return value == nullptr ? outcome<std::string>{unresolved(
                                  setting, fmt::format("there is no variable {}", name))}
                            : outcome<std::string>{std::string{value}};
}

// "file:/path:key" taken apart. None: it is no reference.
struct reference {
    std::string_view kind;
    std::string_view path; // empty for a variable
    std::string_view key;
};

std::optional<reference> reference_of(std::string_view text, provider_rules const& rules) {
    auto const first = text.find(':');
    if (first == std::string_view::npos) {
        return std::nullopt;
    }
    auto const kind = rules.kinds.find(text.substr(0, first));
    if (kind == rules.kinds.end()) {
        return std::nullopt;
    }
    auto const rest = text.substr(first + 1);
    auto const last = rest.rfind(':');
    if (kind->second == "env") {
        return reference{kind->second, {}, rest.substr(rest.find(':') + 1)};
    }
    if (last == std::string_view::npos) {
        return std::nullopt;
    }
    return reference{kind->second, rest.substr(0, last), rest.substr(last + 1)};
}

outcome<std::string> value_of(std::string_view setting, reference const& what,
                              provider_rules const& rules) {
    if (what.kind == "env") {
        return from_environment(setting, what.key, rules);
    }
    return what.kind == "file" ? from_file(setting, what.path, what.key, rules)
                               : from_directory(setting, what.path, what.key, rules);
}

outcome<std::string> resolved(std::string_view setting, std::string_view text,
                              provider_rules const& rules) {
    std::string made;
    while (!text.empty()) {
        auto const begin = text.find("${");
        auto const end = begin == std::string_view::npos ? begin : text.find('}', begin);
        if (end == std::string_view::npos) {
            made += text;
            break;
        }
        auto const inside = text.substr(begin + 2, end - begin - 2);
        made += text.substr(0, begin);
        if (auto const found = reference_of(inside, rules)) {
            auto const value = value_of(setting, *found, rules);
            if (!value) {
                return value.error();
            }
            made += *value;
        } else {
            made += text.substr(begin, end + 1 - begin);
        }
        text.remove_prefix(end + 1);
    }
    return made;
}

constexpr std::size_t telling_least = 3; // shorter ones are in every message

void put_back(std::string& message, std::string_view value, std::string_view reference) {
    if (value.size() < telling_least) {
        return;
    }
    for (auto at = message.find(value); at != std::string::npos;
         at = message.find(value, at + reference.size())) {
        message.replace(at, value.size(), reference);
    }
}

} // namespace

std::string with_references(std::string message, property_map const& config,
                            provider_rules const& rules) {
    for (auto const& [name, value] : config) {
        std::string_view text = value;
        for (auto begin = text.find("${"); begin != std::string_view::npos;
             begin = text.find("${")) {
            text.remove_prefix(begin);
            auto const whole = text.substr(0, text.find('}') + 1);
            if (whole.empty()) {
                break;
            }
            auto const found = reference_of(whole.substr(2, whole.size() - 3), rules);
            if (auto const known =
                    found ? value_of(name, *found, rules) : unresolved(name, "it is none")) {
                put_back(message, *known, whole);
            }
            text.remove_prefix(whole.size());
        }
    }
    return message;
}

outcome<property_map> resolve_references(property_map const& config, provider_rules const& rules) {
    property_map made;
    for (auto const& [name, value] : config) {
        auto text = resolved(name, value, rules);
        if (!text) {
            return text.error();
        }
        made.emplace(name, std::move(*text));
    }
    return made;
}

} // namespace tandem::connect
