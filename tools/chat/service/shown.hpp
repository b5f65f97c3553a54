#pragma once
// What the service says, as JSON. Pure.

#include "tools/chat/service/store.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::chat {

[[nodiscard]] std::string user_json(user const& one);
[[nodiscard]] std::string users_json(std::vector<user> const& all);
[[nodiscard]] std::string room_json(room const& one);
[[nodiscard]] std::string rooms_json(std::vector<room> const& all);
[[nodiscard]] std::string messages_json(std::vector<message> const& all);
// {"id":"…"}: a number of 53 bits and more is a text in JSON, since JavaScript would round it.
[[nodiscard]] std::string id_json(std::int64_t id);

// To an open page: messages that are new or changed, and those that are no longer shown.
[[nodiscard]] std::string view_json(int room_id, std::vector<message> const& fresh,
                                    std::vector<std::int64_t> const& gone);
// The database does not answer now; what is shown stays.
[[nodiscard]] std::string away_json(std::string_view why);
// What the page said was refused.
[[nodiscard]] std::string refused_json(std::string_view why);

} // namespace tandem::chat
