#pragma once
// The chat's tables (tools/chat/schema.sql), as one instance writes and reads them.
//
// Every row bears who wrote it (`node`, the instance's name) and a number of its own (`seq`).
// One executor thread; outlives what is asked of it.

#include "tools/chat/service/database.hpp"
#include "tools/chat/service/id_source.hpp"
#include "tools/chat/service/room_view.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tandem::chat {

struct room {
    int id = 0;
    std::string title;
    std::optional<std::string> topic;
};

struct message {
    std::int64_t id = 0;
    int room_id = 0;
    std::string version; // see row_version
    std::string user_id;
    std::optional<std::string> user_name; // none: the user has left
    std::string body;
    std::string sent_at; // 2023-01-15T00:30:00.000Z
    int likes = 0;
};

struct identity {
    std::string name; // in the rows it writes
    int number = 0;   // another one for each instance, below instances_most
    std::string ddl;  // makes the tables; empty: they have to be there
};

class store {
public:
    store(asio::any_io_executor executor, std::string conninfo, identity own)
        : database_{std::move(executor), std::move(conninfo)},
          own_{std::move(own)},
          ids_{own_.number} {}

    // The tables are there, made if they are to be. A refusal: not yet.
    [[nodiscard]] awaitable<answer<void>> prepare();
    // The database answers.
    [[nodiscard]] awaitable<answer<void>> check();

    // Whoever has that id is called so from now on.
    [[nodiscard]] awaitable<answer<void>> put_user(user given);
    // The 200 users last seen.
    [[nodiscard]] awaitable<answer<std::vector<user>>> users();
    [[nodiscard]] awaitable<answer<room>> make_room(room_draft draft);
    [[nodiscard]] awaitable<answer<std::vector<room>>> rooms();
    // The number of the message. The user must be there, and the room.
    [[nodiscard]] awaitable<answer<std::int64_t>> say(message_draft draft);

    // The newest messages of each room, without what they say.
    [[nodiscard]] awaitable<answer<std::map<int, std::vector<row_version>>>> versions(
        std::set<int> of);
    // In the order of time.
    [[nodiscard]] awaitable<answer<std::vector<message>>> messages(std::set<std::int64_t> ids);

private:
    [[nodiscard]] std::int64_t next_id();

    database database_;
    identity own_;
    id_source ids_;
};

} // namespace tandem::chat
