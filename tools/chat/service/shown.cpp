#include "tools/chat/service/shown.hpp"

#include <nlohmann/json.hpp>

namespace tandem::chat {
namespace {

using json = nlohmann::ordered_json;

// Texts of the database are valid UTF-8 already; what is not is shown as U+FFFD rather than thrown at anybody.
std::string dump(json const& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json as_json(user const& one) {
    return {{"userId", one.id}, {"userName", one.name}};
}

json as_json(room const& one) {
    json made{{"roomId", one.id}, {"title", one.title}};
    made["topic"] = one.topic ? json(*one.topic) : json(nullptr);
    return made;
}

json as_json(message const& one) {
    json made{{"id", std::to_string(one.id)}, {"roomId", one.room_id}, {"userId", one.user_id}};
    made["userName"] = one.user_name ? json(*one.user_name) : json(nullptr);
    made["body"] = one.body;
    made["sentAt"] = one.sent_at;
    made["likes"] = one.likes;
    return made;
}

template <class T>
json array_of(std::vector<T> const& all) {
    json made = json::array();
    for (auto const& each : all) {
        made.push_back(as_json(each));
    }
    return made;
}

} // namespace

std::string user_json(user const& one) {
    return dump(as_json(one));
}
std::string users_json(std::vector<user> const& all) {
    return dump(array_of(all));
}
std::string room_json(room const& one) {
    return dump(as_json(one));
}
std::string rooms_json(std::vector<room> const& all) {
    return dump(array_of(all));
}
std::string messages_json(std::vector<message> const& all) {
    return dump(array_of(all));
}
std::string id_json(std::int64_t id) {
    return dump({{"id", std::to_string(id)}});
}

std::string view_json(int room_id, std::vector<message> const& fresh,
                      std::vector<std::int64_t> const& gone) {
    json made{{"type", "view"}, {"roomId", room_id}};
    made["messages"] = array_of(fresh);
    made["gone"] = json::array();
    for (auto const id : gone) {
        made["gone"].push_back(std::to_string(id));
    }
    return dump(made);
}

std::string away_json(std::string_view why) {
    return dump({{"type", "away"}, {"message", why}});
}

std::string refused_json(std::string_view why) {
    return dump({{"type", "refused"}, {"message", why}});
}

} // namespace tandem::chat
