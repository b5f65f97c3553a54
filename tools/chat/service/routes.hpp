#pragma once
// Which answer a path has.

#include "tools/chat/service/hub.hpp"
#include "tools/chat/service/web_server.hpp"

#include <functional>
#include <map>
#include <string>

namespace tandem::chat {

// Refers to both, which outlive it.
class routes {
public:
    routes(store& from, hub& pages);
    [[nodiscard]] awaitable<io::http::response> answer(io::http::request asked);

private:
    using action = awaitable<io::http::response> (routes::*)(io::http::request);

    [[nodiscard]] awaitable<io::http::response> ready(io::http::request asked);
    [[nodiscard]] awaitable<io::http::response> put_user(io::http::request asked);
    [[nodiscard]] awaitable<io::http::response> list_users(io::http::request asked);
    [[nodiscard]] awaitable<io::http::response> make_room(io::http::request asked);
    [[nodiscard]] awaitable<io::http::response> list_rooms(io::http::request asked);
    [[nodiscard]] awaitable<io::http::response> say(io::http::request asked);
    [[nodiscard]] awaitable<io::http::response> list_messages(io::http::request asked);

    store& store_;
    hub& pages_;
    std::map<std::string, io::http::response> files_;
    std::map<std::string, std::map<std::string, action>> actions_; // by path and method
};

} // namespace tandem::chat
