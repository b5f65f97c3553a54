#include "tools/chat/service/store.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <utility>

namespace tandem::chat {
namespace {

constexpr int listed_most = 200;
// Attempts at a room's number, which two requests may have chosen at once.
constexpr int number_attempts = 5;

constexpr char const* unique_violation = "23505";
constexpr char const* foreign_key_violation = "23503";

refusal without_tables() {
    return {
        503,
        "the chat's tables are not in the database: start with --create, or load tools/chat/schema.sql"};
}

template <class Numbers>
std::string array_of(Numbers const& numbers) {
    return fmt::format("{{{}}}", fmt::join(numbers, ","));
}

message read_message_row(io::pg::rows const& from, int row) {
    message read;
    read.id = from.integer(row, 0);
    read.room_id = static_cast<int>(from.integer(row, 1));
    read.version = from.text(row, 2);
    read.user_id = from.text(row, 3);
    read.user_name = from.optional(row, 4);
    read.body = from.text(row, 5);
    read.sent_at = from.text(row, 6);
    read.likes = static_cast<int>(from.integer(row, 7));
    return read;
}

} // namespace

std::int64_t store::next_id() {
    using namespace std::chrono;
    return ids_.next(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

awaitable<answer<void>> store::prepare() {
    std::string const question = "SELECT to_regclass('public.chat_message') IS NOT NULL";
    io::pg::parameters const nothing;
    auto there = co_await database_.ask(question, nothing);
    if (!there) {
        co_return there.error();
    }
    if (there->boolean(0, 0)) {
        co_return boost::system::in_place_value;
    }
    if (own_.ddl.empty()) {
        co_return without_tables();
    }
    std::string
        sqlstate; // another instance may be making them just now: then they are there at the next attempt
    auto const made = co_await database_.ask(own_.ddl, nothing, &sqlstate);
    if (!made) {
        co_return made.error();
    }
    co_return boost::system::in_place_value;
}

awaitable<answer<void>> store::check() {
    std::string const question = "SELECT 1 FROM chat_room LIMIT 1";
    io::pg::parameters const nothing;
    std::string sqlstate;
    auto const asked = co_await database_.ask(question, nothing, &sqlstate);
    if (!asked) {
        co_return sqlstate == "42P01" ? without_tables() : asked.error();
    }
    co_return boost::system::in_place_value;
}

awaitable<answer<void>> store::put_user(user given) {
    std::string const statement =
        "INSERT INTO chat_user (user_id, user_name, seen_at, node, seq) VALUES ($1, $2, now(), $3, $4) "
        "ON CONFLICT (user_id) DO UPDATE SET user_name = excluded.user_name, seen_at = excluded.seen_at, "
        "node = excluded.node, seq = excluded.seq";
    io::pg::parameters values;
    values.emplace_back(std::move(given.id));
    values.emplace_back(std::move(given.name));
    values.emplace_back(own_.name);
    values.emplace_back(std::to_string(next_id()));
    auto const done = co_await database_.ask(statement, std::move(values));
    if (!done) {
        co_return done.error();
    }
    co_return boost::system::in_place_value;
}

awaitable<answer<std::vector<user>>> store::users() {
    auto const question = fmt::format(
        "SELECT user_id, user_name FROM chat_user ORDER BY seen_at DESC NULLS LAST, user_id LIMIT {}",
        listed_most);
    io::pg::parameters const nothing;
    auto const got = co_await database_.ask(question, nothing);
    if (!got) {
        co_return got.error();
    }
    std::vector<user> found;
    for (int row = 0; row < got->size(); ++row) {
        user one;
        one.id = got->text(row, 0);
        one.name = got->text(row, 1);
        found.push_back(std::move(one));
    }
    co_return found;
}

// Its number has this instance's remainder: two masters never choose the same one.
awaitable<answer<room>> store::make_room(room_draft draft) {
    auto const statement = fmt::format(
        "INSERT INTO chat_room (room_id, title, topic, node, seq) "
        "SELECT (coalesce(max(room_id), 0) / {0} + 1) * {0} + {1}, $1, $2, $3, $4 FROM chat_room RETURNING room_id",
        instances_most, own_.number);
    std::string sqlstate;
    for (int attempt = 1;; ++attempt) {
        io::pg::parameters values;
        values.emplace_back(draft.title);
        values.push_back(draft.topic);
        values.emplace_back(own_.name);
        values.emplace_back(std::to_string(next_id()));
        sqlstate.clear();
        auto const made = co_await database_.ask(statement, std::move(values), &sqlstate);
        if (made) {
            room fresh;
            fresh.id = static_cast<int>(made->integer(0, 0));
            fresh.title = std::move(draft.title);
            fresh.topic = std::move(draft.topic);
            co_return fresh;
        }
        if (sqlstate != unique_violation || attempt == number_attempts) {
            co_return made.error();
        }
    }
}

awaitable<answer<std::vector<room>>> store::rooms() {
    auto const question = fmt::format(
        "SELECT room_id, title, topic FROM chat_room ORDER BY room_id LIMIT {}", listed_most);
    io::pg::parameters const nothing;
    auto const got = co_await database_.ask(question, nothing);
    if (!got) {
        co_return got.error();
    }
    std::vector<room> found;
    for (int row = 0; row < got->size(); ++row) {
        room one;
        one.id = static_cast<int>(got->integer(row, 0));
        one.title = got->text(row, 1);
        one.topic = got->optional(row, 2);
        found.push_back(std::move(one));
    }
    co_return found;
}

// May be run again: then the message with that number is there already.
awaitable<answer<std::int64_t>> store::say(message_draft draft) {
    std::string const statement =
        "WITH known AS (SELECT FROM chat_user WHERE user_id = $3), "
        "put AS (INSERT INTO chat_message (id, room_id, user_id, body, sent_at, node, seq) "
        "SELECT $1, $2, $3, $4, now(), $5, $1 FROM known ON CONFLICT (id) DO NOTHING) "
        "SELECT count(*) FROM known";
    auto const id = next_id();
    io::pg::parameters values;
    values.emplace_back(std::to_string(id));
    values.emplace_back(std::to_string(draft.room_id));
    values.emplace_back(draft.user_id);
    values.emplace_back(std::move(draft.body));
    values.emplace_back(own_.name);
    std::string sqlstate;
    auto const put = co_await database_.ask(statement, std::move(values), &sqlstate);
    if (!put && sqlstate == foreign_key_violation) {
        co_return refusal{
            404, fmt::format("there is no room {}; POST /chat/room makes one", draft.room_id)};
    }
    if (!put) {
        co_return put.error();
    }
    if (put->integer(0, 0) == 0) {
        co_return refusal{
            404, fmt::format("there is no user \"{}\"; POST /chat/user makes one", draft.user_id)};
    }
    co_return id;
}

awaitable<answer<std::map<int, std::vector<row_version>>>> store::versions(std::set<int> of) {
    auto const question = fmt::format(
        "SELECT r.room_id, m.id, m.xmin::text || ' ' || coalesce(u.xmin::text, '') "
        "FROM unnest($1::int[]) AS r (room_id) CROSS JOIN LATERAL (SELECT id, user_id, xmin FROM chat_message "
        "WHERE room_id = r.room_id ORDER BY sent_at DESC, id DESC LIMIT {}) AS m "
        "LEFT JOIN chat_user AS u ON u.user_id = m.user_id",
        view_messages);
    io::pg::parameters values;
    values.emplace_back(array_of(of));
    auto const got = co_await database_.ask(question, std::move(values));
    if (!got) {
        co_return got.error();
    }
    std::map<int, std::vector<row_version>> found;
    for (int const room_id : of) {
        found[room_id]; // also when it is empty
    }
    for (int row = 0; row < got->size(); ++row) {
        row_version one;
        one.id = got->integer(row, 1);
        one.version = got->text(row, 2);
        found[static_cast<int>(got->integer(row, 0))].push_back(std::move(one));
    }
    co_return found;
}

awaitable<answer<std::vector<message>>> store::messages(std::set<std::int64_t> ids) {
    std::string const question =
        "SELECT m.id, m.room_id, m.xmin::text || ' ' || coalesce(u.xmin::text, ''), m.user_id, u.user_name, m.body, "
        "to_char(m.sent_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), m.likes "
        "FROM chat_message AS m LEFT JOIN chat_user AS u ON u.user_id = m.user_id "
        "WHERE m.id = ANY ($1::bigint[]) ORDER BY m.sent_at, m.id";
    io::pg::parameters values;
    values.emplace_back(array_of(ids));
    auto const got = co_await database_.ask(question, std::move(values));
    if (!got) {
        co_return got.error();
    }
    std::vector<message> found;
    for (int row = 0; row < got->size(); ++row) {
        found.push_back(read_message_row(*got, row));
    }
    co_return found;
}

} // namespace tandem::chat
