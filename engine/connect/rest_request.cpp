#include "engine/connect/rest_request.hpp"

#include "engine/connect/json_depth.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <stdexcept>
#include <utility>

namespace tandem::connect {
namespace {

using nlohmann::ordered_json;
using target_result = boost::system::result<rest_target, rest_refusal>;

constexpr int no_json = 500; // as Connect has it

// A path in its pattern; '*' stands for one segment.
struct route {
    std::string_view method;
    std::string_view path; // segments with '/'
    rest_call what;
};

constexpr std::array routes{
    route{"GET", "", rest_call::root},
    route{"GET", "health", rest_call::health},
    route{"GET", "connectors", rest_call::list_connectors},
    route{"POST", "connectors", rest_call::create},
    route{"GET", "connectors/*", rest_call::get_connector},
    route{"DELETE", "connectors/*", rest_call::delete_connector},
    route{"GET", "connectors/*/config", rest_call::get_config},
    route{"PUT", "connectors/*/config", rest_call::put_config},
    route{"PATCH", "connectors/*/config", rest_call::patch_config},
    route{"GET", "connectors/*/status", rest_call::get_status},
    route{"GET", "connectors/*/tasks", rest_call::get_tasks},
    route{"GET", "connectors/*/tasks-config", rest_call::get_tasks_config},
    route{"GET", "connectors/*/tasks/#/status", rest_call::get_task_status},
    route{"POST", "connectors/*/tasks/#/restart", rest_call::restart_task},
    route{"POST", "connectors/*/restart", rest_call::restart},
    route{"PUT", "connectors/*/pause", rest_call::pause},
    route{"PUT", "connectors/*/resume", rest_call::resume},
    route{"PUT", "connectors/*/stop", rest_call::stop},
    route{"GET", "connectors/*/topics", rest_call::get_topics},
    route{"PUT", "connectors/*/topics/reset", rest_call::reset_topics},
    route{"GET", "connectors/*/offsets", rest_call::get_offsets},
    route{"PATCH", "connectors/*/offsets", rest_call::patch_offsets},
    route{"DELETE", "connectors/*/offsets", rest_call::reset_offsets},
    route{"GET", "connector-plugins", rest_call::list_plugins},
    route{"GET", "connector-plugins/*/config", rest_call::plugin_definitions},
    route{"PUT", "connector-plugins/*/config/validate", rest_call::validate},
    route{"GET", "admin/loggers", rest_call::list_loggers},
    route{"GET", "admin/loggers/*", rest_call::get_logger},
    route{"PUT", "admin/loggers/*", rest_call::put_logger},
};

std::vector<std::string_view> segments_of(std::string_view path) {
    std::vector<std::string_view> made;
    if (path.starts_with('/')) {
        path.remove_prefix(1);
    }
    if (path.ends_with('/')) { // one at the end does not matter
        path.remove_suffix(1);
    }
    if (path.empty()) {
        return made;
    }
    for (;;) {
        auto const stop = std::min(path.find('/'), path.size());
        made.push_back(path.substr(0, stop));
        if (stop == path.size()) {
            return made;
        }
        path.remove_prefix(stop + 1);
    }
}

std::optional<int> number_of(std::string_view text) {
    int read = 0;
    if (text.starts_with('+')) {
        text.remove_prefix(1);
    }
    auto const [stop, failed] = std::from_chars(text.data(), text.data() + text.size(), read);
    return failed == std::errc{} && stop == text.data() + text.size() && !text.empty()
               ? std::optional{read}
               : std::nullopt;
}

// How far a path follows a pattern.
enum class fit : std::uint8_t { no, yes, no_number };

fit fits(std::span<std::string_view const> pattern, std::span<std::string_view const> sent,
         rest_target& into) {
    if (pattern.size() != sent.size()) {
        return fit::no;
    }
    auto made = fit::yes;
    for (std::size_t at = 0; at < pattern.size(); ++at) {
        if (pattern[at] == "*") {
            if (sent[at].empty()) {
                return fit::no;
            }
            into.name = percent_decoded(sent[at]);
        } else if (pattern[at] == "#") {
            auto const number = number_of(sent[at]);
            made = number ? made : fit::no_number;
            into.task = number.value_or(0);
        } else if (pattern[at] != percent_decoded(sent[at])) {
            return fit::no;
        }
    }
    return made;
}

int hex_digit(char each) noexcept {
    if (each >= '0' && each <= '9') {
        return each - '0';
    }
    auto const low = static_cast<char>(each | ' ');
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

rest_refusal no_object(std::string_view what) {
    return {no_json, fmt::format("The request's body has to be a JSON object{}", what)};
}

struct parsed {
    ordered_json what;
};

boost::system::result<parsed, rest_refusal> parse_object(std::string_view body) {
    if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        return no_object(", and there is none");
    }
    if (too_deep(body)) {
        return no_object(", and this is nested too deeply");
    }
    try {
        parsed read{ordered_json::parse(body)};
        if (!read.what.is_object()) {
            return no_object(fmt::format(", and this is {}", read.what.is_array() ? "an array"
                                                             : read.what.is_null()
                                                                 ? "null"
                                                                 : "a single value"));
        }
        return read;
    } catch (ordered_json::parse_error const& failed) {
        return rest_refusal{
            no_json,
            fmt::format("The request's body is no JSON: it breaks at byte {}", failed.byte)};
    }
}

// As Jackson reads a text: numbers and truth values as well. None: an array or an object.
std::optional<std::string> text_of(ordered_json const& value) {
    if (value.is_string()) {
        return value.get<std::string>();
    }
    if (value.is_number() || value.is_boolean()) {
        return value.dump();
    }
    return std::nullopt;
}

boost::system::result<sent_config, rest_refusal> config_of(ordered_json const& read) {
    sent_config made;
    for (auto const& [name, value] : read.items()) {
        if (value.is_null()) {
            made.nulls.push_back(name);
            continue;
        }
        auto text = text_of(value);
        if (!text) {
            return rest_refusal{no_json,
                                fmt::format("The value of \"{}\" has to be a text, and it is {}",
                                            name, value.is_array() ? "an array" : "an object")};
        }
        made.values[name] = std::move(*text);
    }
    return made;
}

std::string trimmed(std::string_view text) {
    while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') {
        text.remove_prefix(1);
    }
    while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') {
        text.remove_suffix(1);
    }
    return std::string{text};
}

std::optional<target_state> state_of(std::string_view text) {
    std::string upper{text};
    std::ranges::transform(upper, upper.begin(), [](char each) {
        return each >= 'a' && each <= 'z' ? static_cast<char>(each - 'a' + 'A') : each;
    });
    if (upper == "RUNNING") {
        return target_state::started;
    }
    if (upper == "PAUSED") {
        return target_state::paused;
    }
    return upper == "STOPPED" ? std::optional{target_state::stopped} : std::nullopt;
}

} // namespace

void throw_exception_from_error(rest_refusal const& error, boost::source_location const&) {
    throw std::runtime_error{error.what};
}

target_result find_target(std::string_view method, std::string_view path) {
    auto const sent = segments_of(path);
    bool other_method = false;
    bool no_number = false;
    for (auto const& each : routes) {
        auto const pattern = segments_of(each.path);
        rest_target made;
        made.what = each.what;
        auto const fitting = fits(pattern, sent, made);
        if (fitting == fit::no) {
            continue;
        }
        if (each.method != method && !(method == "HEAD" && each.method == "GET")) {
            other_method = true;
            continue;
        }
        if (fitting == fit::yes) {
            return made;
        }
        no_number = true;
    }
    if (other_method && !no_number) {
        return rest_refusal{405, "HTTP 405 Method Not Allowed"};
    }
    return rest_refusal{404, "HTTP 404 Not Found"};
}

std::string percent_decoded(std::string_view text) {
    std::string made;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '%' && at + 2 < text.size()) {
            int const high = hex_digit(text[at + 1]);
            int const low = hex_digit(text[at + 2]);
            if (high >= 0 && low >= 0) {
                made += static_cast<char>(high * 16 + low);
                at += 2;
                continue;
            }
        }
        made += text[at];
    }
    return made;
}

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view plain = "-._~";
    std::string made;
    for (char const each : text) {
        bool const letter = (each >= '0' && each <= '9') || (each >= 'a' && each <= 'z') ||
                            (each >= 'A' && each <= 'Z');
        if (letter || plain.find(each) != std::string_view::npos) {
            made += each;
        } else {
            made += fmt::format("%{:02X}", static_cast<unsigned char>(each));
        }
    }
    return made;
}

query_values parse_query(std::string_view query) {
    query_values made;
    while (!query.empty()) {
        auto const stop = std::min(query.find('&'), query.size());
        auto const part = query.substr(0, stop);
        auto const equals = std::min(part.find('='), part.size());
        auto const value = equals < part.size() ? part.substr(equals + 1) : std::string_view{};
        if (!part.empty()) {
            made.emplace(percent_decoded(part.substr(0, equals)), percent_decoded(value));
        }
        query.remove_prefix(std::min(stop + 1, query.size()));
    }
    return made;
}

bool is_true(query_values const& query, std::string_view name, bool by_default) {
    auto const found = query.find(name);
    if (found == query.end()) {
        return by_default;
    }
    constexpr std::string_view word = "true";
    return std::ranges::equal(found->second, word, {},
                              [](char each) { return static_cast<char>(each | ' '); });
}

boost::system::result<sent_config, rest_refusal> parse_config(std::string_view body) {
    auto const read = parse_object(body);
    if (!read) {
        return read.error();
    }
    return config_of(read->what);
}

boost::system::result<create_request, rest_refusal> parse_create(std::string_view body) {
    auto const read = parse_object(body);
    if (!read) {
        return read.error();
    }
    create_request made;
    bool has_config = false;
    for (auto const& [name, value] : read->what.items()) {
        if (name == "name") {
            auto const text = text_of(value);
            if (!text && !value.is_null()) {
                return rest_refusal{no_json, "The value of \"name\" has to be a text"};
            }
            made.name = trimmed(text.value_or(""));
        } else if (name == "config") {
            if (value.is_null()) {
                continue;
            }
            if (!value.is_object()) {
                return rest_refusal{no_json, "The value of \"config\" has to be an object"};
            }
            auto config = config_of(value);
            if (!config) {
                return config.error();
            }
            made.config = std::move(*config);
            has_config = true;
        } else if (name == "initial_state") {
            auto const text = text_of(value);
            made.state = text ? state_of(*text) : std::nullopt;
            if (!made.state && !value.is_null()) {
                return rest_refusal{
                    no_json, "The value of \"initial_state\" has to be RUNNING, PAUSED or STOPPED"};
            }
        } else {
            return rest_refusal{
                no_json, fmt::format("There is no \"{}\" in a request for a connector; there "
                                     "are name, config and initial_state",
                                     name)};
        }
    }
    if (!has_config) {
        return rest_refusal{no_json, "There is no \"config\" in the request"};
    }
    return made;
}

boost::system::result<std::optional<std::vector<connector_offset>>, rest_refusal> parse_offsets(
    std::string_view body) {
    auto const read = parse_object(body);
    if (!read) {
        return read.error();
    }
    std::optional<std::vector<connector_offset>> none;
    auto const listed = read->what.find("offsets");
    if (listed == read->what.end() || listed->is_null()) {
        return none;
    }
    if (!listed->is_array()) {
        return rest_refusal{no_json, "The value of \"offsets\" has to be an array"};
    }
    std::vector<connector_offset> made;
    for (auto const& each : *listed) {
        if (!each.is_object()) {
            return rest_refusal{no_json, "An element of \"offsets\" has to be an object"};
        }
        connector_offset one{"{}", std::nullopt};
        for (auto const* part : {"partition", "offset"}) {
            auto const found = each.find(part);
            if (found == each.end() || found->is_null()) {
                continue;
            }
            if (!found->is_object()) {
                return rest_refusal{no_json,
                                    fmt::format("The value of \"{}\" has to be an object", part)};
            }
            (part == std::string_view{"partition"} ? one.partition : one.offset.emplace()) =
                found->dump(-1, ' ', false, ordered_json::error_handler_t::replace);
        }
        made.push_back(std::move(one));
    }
    return made.empty() ? none : std::optional{std::move(made)};
}

boost::system::result<std::string, rest_refusal> parse_level(std::string_view body) {
    auto const config = parse_config(body);
    if (!config) {
        return config.error();
    }
    auto const found = config->values.find("level");
    if (found == config->values.end()) {
        return rest_refusal{400, "Desired 'level' parameter was not specified in request."};
    }
    std::string upper = found->second;
    std::ranges::transform(upper, upper.begin(), [](char each) {
        return each >= 'a' && each <= 'z' ? static_cast<char>(each - 'a' + 'A') : each;
    });
    constexpr std::array<std::string_view, 8> levels{"OFF",  "FATAL", "ERROR", "WARN",
                                                     "INFO", "DEBUG", "TRACE", "ALL"};
    if (std::ranges::find(levels, upper) == levels.end()) {
        return rest_refusal{404, fmt::format("invalid log level '{}'.", found->second)};
    }
    return upper;
}

} // namespace tandem::connect
