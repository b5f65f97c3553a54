#include "tools/chat/service/asked.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <limits>
#include <stdexcept>

namespace tandem::chat {
namespace {

using nlohmann::json;

std::optional<refusal> read_object(std::string_view text,
                                   std::initializer_list<std::string_view> fields, json& read) {
    auto const known = fmt::format("{}", fmt::join(fields, ", "));
    read = json::parse(text, nullptr, false); // also refuses what is not UTF-8
    if (read.is_discarded() || !read.is_object()) {
        return refusal{400, fmt::format("the body is not a JSON object with {}", known)};
    }
    for (auto const& [name, value] : read.items()) {
        if (std::find(fields.begin(), fields.end(), name) == fields.end()) {
            return refusal{400, fmt::format("unknown field \"{}\"; there are {}", name, known)};
        }
    }
    return std::nullopt;
}

std::size_t characters(std::string const& utf8) {
    return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

bool holds_control(std::string const& text, bool lines_allowed) {
    return std::any_of(text.begin(), text.end(), [lines_allowed](char c) {
        auto const code = static_cast<unsigned char>(c);
        return (code < 0x20U && !(lines_allowed && (c == '\n' || c == '\t'))) || code == 0x7FU;
    });
}

bool blank(std::string const& text) {
    return text.find_first_not_of(" \t\n") == std::string::npos;
}

struct text_rule {
    char const* field;
    std::size_t most;
    bool lines_allowed = false;
};

answer<std::string> read_text(json const& from, text_rule const& rule) {
    auto const found = from.find(rule.field);
    if (found == from.end() || !found->is_string()) {
        return refusal{400, fmt::format("\"{}\" is missing, or no string", rule.field)};
    }
    auto text = found->get<std::string>();
    if (blank(text)) {
        return refusal{400, fmt::format("\"{}\" is empty", rule.field)};
    }
    if (auto const length = characters(text); length > rule.most) {
        return refusal{400, fmt::format("\"{}\" has {} characters, at most {} are taken",
                                        rule.field, length, rule.most)};
    }
    if (holds_control(text, rule.lines_allowed)) {
        return refusal{400, fmt::format("\"{}\" has a control character in it", rule.field)};
    }
    return text;
}

answer<int> read_room_id(json const& from) {
    auto const found = from.find("roomId");
    if (found == from.end() || !found->is_number_integer()) {
        return refusal{400, "\"roomId\" is missing, or no whole number"};
    }
    auto const wide = found->get<std::int64_t>();
    bool const fits = wide > 0 && wide <= std::numeric_limits<int>::max();
    if (!fits || (found->is_number_unsigned() && found->get<std::uint64_t>() > 0x7FFF'FFFFU)) {
        return refusal{400, "\"roomId\" is a number from 1 to 2147483647"};
    }
    return static_cast<int>(wide);
}

} // namespace

void throw_exception_from_error(refusal const& refused, boost::source_location const& where) {
    throw std::runtime_error{
        fmt::format("{} ({}:{})", refused.why, where.file_name(), where.line())};
}

answer<user> read_user(std::string_view text) {
    json object;
    if (auto refused = read_object(text, {"userId", "userName"}, object)) {
        return std::move(*refused);
    }
    auto id = read_text(object, {"userId", id_most});
    if (!id) {
        return id.error();
    }
    auto name = read_text(object, {"userName", name_most});
    if (!name) {
        return name.error();
    }
    return user{std::move(*id), std::move(*name)};
}

answer<room_draft> read_room(std::string_view text) {
    json object;
    if (auto refused = read_object(text, {"title", "topic"}, object)) {
        return std::move(*refused);
    }
    auto title = read_text(object, {"title", name_most});
    if (!title) {
        return title.error();
    }
    room_draft draft;
    draft.title = std::move(*title);
    if (auto const given = object.find("topic"); given != object.end() && !given->is_null()) {
        auto topic = read_text(object, {"topic", topic_most});
        if (!topic) {
            return topic.error();
        }
        draft.topic = std::move(*topic);
    }
    return draft;
}

answer<message_draft> read_message(std::string_view text) {
    json object;
    if (auto refused = read_object(text, {"roomId", "userId", "body"}, object)) {
        return std::move(*refused);
    }
    auto const room_id = read_room_id(object);
    if (!room_id) {
        return room_id.error();
    }
    auto user_id = read_text(object, {"userId", id_most});
    if (!user_id) {
        return user_id.error();
    }
    auto body = read_text(object, {"body", body_most, true});
    if (!body) {
        return body.error();
    }
    return message_draft{*room_id, std::move(*user_id), std::move(*body)};
}

answer<int> read_open(std::string_view text) {
    json object;
    if (auto refused = read_object(text, {"type", "roomId"}, object)) {
        return std::move(*refused);
    }
    if (auto const type = object.find("type"); type == object.end() || *type != "open") {
        return refusal{400, "\"type\" is \"open\": there is nothing else to say"};
    }
    return read_room_id(object);
}

answer<int> read_room_query(std::string_view query) {
    constexpr std::string_view name = "roomId=";
    int number = 0;
    if (query.starts_with(name)) {
        auto const digits = query.substr(name.size());
        auto const [end, failed] =
            std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (failed == std::errc{} && end == digits.data() + digits.size() && number > 0) {
            return number;
        }
    }
    return refusal{400, "say which room: ?roomId=1"};
}

} // namespace tandem::chat
