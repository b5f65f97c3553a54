#include "engine/connect/connector_file.hpp"

#include "engine/connect/rest_request.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <utility>

namespace tandem::connect {
namespace {

using nlohmann::json;

problem config_problem(std::string what) {
    return {problem_kind::config, std::move(what)};
}

outcome<named_config> connector_of(json const& from) {
    if (!from.is_object()) {
        return config_problem("a connector is an object: {\"name\": …, \"config\": {…}}");
    }
    bool const wrapped = from.contains("config");
    auto const read = parse_config((wrapped ? from["config"] : from).dump());
    if (!read) {
        return config_problem(read.error().what);
    }
    named_config made{{}, read->values};
    if (wrapped && from.contains("name") && from["name"].is_string()) {
        made.name = from["name"].get<std::string>();
    } else if (auto const inside = made.config.find("name"); inside != made.config.end()) {
        made.name = inside->second;
    }
    if (made.name.empty()) {
        return config_problem("a connector has no name");
    }
    made.config["name"] = made.name;
    return made;
}

bool is_blank(char each) noexcept {
    return each == ' ' || each == '\t' || each == '\f';
}

void append_utf8(std::uint32_t point, std::string& into) {
    if (point < 0x80) {
        into += static_cast<char>(point);
    } else if (point < 0x800) {
        into += static_cast<char>(0xc0 | point >> 6);
        into += static_cast<char>(0x80 | (point & 0x3f));
    } else {
        into += static_cast<char>(0xe0 | point >> 12);
        into += static_cast<char>(0x80 | (point >> 6 & 0x3f));
        into += static_cast<char>(0x80 | (point & 0x3f));
    }
}

// Lines, those that end in an odd number of backslashes joined with the next, without what they begin with.
std::vector<std::string> logical_lines(std::string_view text) {
    std::vector<std::string> made;
    bool goes_on = false;
    while (!text.empty()) {
        auto const stop = std::min(text.find_first_of("\r\n"), text.size());
        auto line = text.substr(0, stop);
        bool const both = stop + 1 < text.size() && text[stop] == '\r' && text[stop + 1] == '\n';
        text.remove_prefix(std::min(stop + (both ? 2 : 1), text.size()));
        while (!line.empty() && is_blank(line.front())) {
            line.remove_prefix(1);
        }
        if (!goes_on && (line.empty() || line.front() == '#' || line.front() == '!')) {
            continue;
        }
        std::size_t backslashes = 0;
        while (backslashes < line.size() && line[line.size() - 1 - backslashes] == '\\') {
            ++backslashes;
        }
        bool const more = backslashes % 2 == 1;
        auto const kept = line.substr(0, line.size() - (more ? 1 : 0));
        if (goes_on) {
            made.back() += kept;
        } else {
            made.emplace_back(kept);
        }
        goes_on = more;
    }
    return made;
}

std::string unescaped(std::string_view text) {
    std::string made;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\\' || at + 1 == text.size()) {
            made += text[at];
            continue;
        }
        char const what = text[++at];
        if (what == 'u' && at + 4 < text.size()) {
            auto const digits = std::string{text.substr(at + 1, 4)};
            if (digits.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos) {
                append_utf8(static_cast<std::uint32_t>(std::stoul(digits, nullptr, 16)), made);
                at += 4;
                continue;
            }
        }
        made += what == 't'   ? '\t'
                : what == 'n' ? '\n'
                : what == 'r' ? '\r'
                : what == 'f' ? '\f'
                              : what;
    }
    return made;
}

} // namespace

property_map parse_properties(std::string_view text) {
    property_map made;
    for (auto const& line : logical_lines(text)) {
        std::size_t stop = 0;
        while (stop < line.size() && !is_blank(line[stop]) && line[stop] != '=' &&
               line[stop] != ':') {
            stop += line[stop] == '\\' ? 2 : 1;
        }
        stop = std::min(stop, line.size());
        auto rest = std::string_view{line}.substr(stop);
        auto const skip_blanks = [&rest] {
            while (!rest.empty() && is_blank(rest.front())) {
                rest.remove_prefix(1);
            }
        };
        skip_blanks();
        if (!rest.empty() && (rest.front() == '=' || rest.front() == ':')) {
            rest.remove_prefix(1);
            skip_blanks();
        }
        made[unescaped(line.substr(0, stop))] = unescaped(rest);
    }
    return made;
}

outcome<std::vector<named_config>> connectors_of_json(std::string_view text) {
    json read;
    try {
        read = json::parse(text);
    } catch (json::parse_error const& why) {
        return config_problem(fmt::format("no JSON: {}", why.what()));
    }
    std::vector<named_config> made;
    for (auto const& each : read.is_array() ? read : json::array({read})) {
        auto one = connector_of(each);
        if (!one) {
            return one.error();
        }
        made.push_back(std::move(*one));
    }
    return made;
}

outcome<std::vector<named_config>> connectors_of_properties(std::string_view text) {
    named_config made{{}, parse_properties(text)};
    auto const name = made.config.find("name");
    if (name == made.config.end() || name->second.empty()) {
        return config_problem("a connector has no name");
    }
    made.name = name->second;
    return std::vector{std::move(made)};
}

outcome<std::vector<named_config>> connectors_of_file(std::string_view file_name,
                                                      std::string_view text) {
    return file_name.ends_with(".properties") ? connectors_of_properties(text)
                                              : connectors_of_json(text);
}

} // namespace tandem::connect
