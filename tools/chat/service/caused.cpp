#include "tools/chat/service/caused.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tandem::chat {
namespace {

using nlohmann::json;

json const* member(json const* of, char const* name) {
    if (of == nullptr || !of->is_object()) {
        return nullptr;
    }
    auto const found = of->find(name);
    return found == of->end() ? nullptr : &*found;
}

bool is_text(json const* value, std::string_view text) {
    return value != nullptr && value->is_string() && value->get_ref<std::string const&>() == text;
}

// Quoted and escaped, for a log: the row may hold anything.
std::string shown(json const& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace

std::optional<std::string> caused_by(std::string_view instance, std::string_view value) {
    json const read = json::parse(value, nullptr, false);
    json const* payload = member(&read, "payload");
    json const* const envelope = payload != nullptr ? payload : &read;
    json const* const row = member(envelope, "after");
    if (!is_text(member(row, "node"), instance)) {
        return std::nullopt;
    }
    struct kind {
        char const* table;
        char const* key;
        char const* what;
    };
    json const* const table = member(member(envelope, "source"), "table");
    for (auto const& each :
         {kind{"chat_user", "user_id", "user"}, kind{"chat_room", "room_id", "room"},
          kind{"chat_message", "id", "message"}}) {
        json const* const key = member(row, each.key);
        if (is_text(table, each.table) && key != nullptr) {
            return fmt::format("{} {}", each.what, shown(*key));
        }
    }
    return std::nullopt;
}

bool topic_matches(std::string_view pattern, std::string_view topic) noexcept {
    return pattern.ends_with('*') ? topic.starts_with(pattern.substr(0, pattern.size() - 1))
                                  : topic == pattern;
}

} // namespace tandem::chat
