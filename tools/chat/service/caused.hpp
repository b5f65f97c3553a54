#pragma once
// Which record of a topic tells of a row that this instance wrote. Pure.

#include <optional>
#include <string>
#include <string_view>

namespace tandem::chat {

// `user "aa"`, `room 17`, `message 5321`: what the record is of, when its row bears that instance's name; nothing for
// other records, deletes and what is no change at all. `value` is a Debezium envelope, with or without its schema.
[[nodiscard]] std::optional<std::string> caused_by(std::string_view instance,
                                                   std::string_view value);

// Whether a topic's name is meant by a pattern: the name itself, or its beginning in front of a `*`.
[[nodiscard]] bool topic_matches(std::string_view pattern, std::string_view topic) noexcept;

} // namespace tandem::chat
