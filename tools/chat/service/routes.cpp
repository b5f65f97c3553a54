#include "tools/chat/service/routes.hpp"

#include "tools/chat/service/pages.hpp"
#include "tools/chat/service/shown.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <set>
#include <utility>

namespace tandem::chat {
namespace {

using io::http::error_response;
using io::http::request;
using io::http::response;

response refused(refusal const& why) {
    return error_response(why.status, why.why);
}

response good(std::string json) {
    response made;
    made.body = std::move(json) + '\n';
    return made;
}

response file(std::string type, std::string_view content) {
    response made;
    made.content_type = std::move(type);
    made.body = content;
    return made;
}

bool is_json(request const& asked) {
    auto const type = asked.header("Content-Type");
    return type.substr(0, type.find(';')) == "application/json";
}

} // namespace

routes::routes(store& from, hub& pages) : store_{from}, pages_{pages} {
    files_["/"] = file("text/html; charset=utf-8", index_page());
    files_["/chat.js"] = file("text/javascript; charset=utf-8", chat_script());
    files_["/chat.css"] = file("text/css; charset=utf-8", chat_style());
    files_["/favicon.svg"] = file("image/svg+xml", chat_icon());
    files_["/livez"] = file("text/plain; charset=utf-8", "ok\n");
    actions_["/readyz"]["GET"] = &routes::ready;
    actions_["/chat/user"]["GET"] = &routes::list_users;
    actions_["/chat/user"]["POST"] = &routes::put_user;
    actions_["/chat/room"]["GET"] = &routes::list_rooms;
    actions_["/chat/room"]["POST"] = &routes::make_room;
    actions_["/chat/message"]["GET"] = &routes::list_messages;
    actions_["/chat/message"]["POST"] = &routes::say;
}

awaitable<response> routes::answer(request asked) {
    auto const method = asked.method == "HEAD" ? std::string{"GET"} : asked.method;
    if (auto const found = files_.find(asked.path); found != files_.end()) {
        if (method == "GET") {
            co_return found->second;
        }
        auto said = error_response(405, "this can only be read");
        said.headers.emplace_back("Allow", "GET, HEAD");
        co_return said;
    }
    auto const path = actions_.find(asked.path);
    if (path == actions_.end()) {
        co_return error_response(404, "there is nothing at this path");
    }
    auto const found = path->second.find(method);
    if (found == path->second.end()) {
        auto said = error_response(405, "this path does not take that method");
        said.headers.emplace_back("Allow",
                                  path->second.contains("POST") ? "GET, HEAD, POST" : "GET, HEAD");
        co_return said;
    }
    if (method == "POST" && !is_json(asked)) {
        co_return error_response(415, "send JSON, with Content-Type: application/json");
    }
    auto const chosen = found->second;
    auto said = co_await (this->*chosen)(std::move(asked));
    co_return said;
}

awaitable<response> routes::ready(request) {
    auto const asked = co_await store_.check();
    if (!asked) {
        co_return error_response(503, asked.error().why);
    }
    response made;
    made.content_type = "text/plain; charset=utf-8";
    made.body = "ok\n";
    co_return made;
}

awaitable<response> routes::put_user(request asked) {
    auto const given = read_user(asked.body);
    if (!given) {
        co_return refused(given.error());
    }
    auto const done = co_await store_.put_user(*given);
    if (!done) {
        co_return refused(done.error());
    }
    pages_.nudge();
    spdlog::info("user {} is written", user_json(*given));
    co_return good(user_json(*given));
}

awaitable<response> routes::list_users(request) {
    auto const found = co_await store_.users();
    if (!found) {
        co_return refused(found.error());
    }
    co_return good(users_json(*found));
}

awaitable<response> routes::make_room(request asked) {
    auto const draft = read_room(asked.body);
    if (!draft) {
        co_return refused(draft.error());
    }
    auto const made = co_await store_.make_room(*draft);
    if (!made) {
        co_return refused(made.error());
    }
    spdlog::info("room {} is written", room_json(*made));
    co_return good(room_json(*made));
}

awaitable<response> routes::list_rooms(request) {
    auto const found = co_await store_.rooms();
    if (!found) {
        co_return refused(found.error());
    }
    co_return good(rooms_json(*found));
}

awaitable<response> routes::say(request asked) {
    auto const draft = read_message(asked.body);
    if (!draft) {
        co_return refused(draft.error());
    }
    auto const id = co_await store_.say(*draft);
    if (!id) {
        co_return refused(id.error());
    }
    pages_.nudge();
    spdlog::info("message {} is written", *id);
    co_return good(id_json(*id));
}

awaitable<response> routes::list_messages(request asked) {
    auto const room_id = read_room_query(asked.query);
    if (!room_id) {
        co_return refused(room_id.error());
    }
    std::set<int> const rooms{*room_id};
    auto const newest = co_await store_.versions(rooms);
    if (!newest) {
        co_return refused(newest.error());
    }
    std::set<std::int64_t> ids;
    for (auto const& each : newest->at(*room_id)) {
        ids.insert(each.id);
    }
    auto const found = co_await store_.messages(ids);
    if (!found) {
        co_return refused(found.error());
    }
    co_return good(messages_json(*found));
}

} // namespace tandem::chat
