#pragma once
// What a client may ask for: its JSON, read and held against the limits. Pure.

#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tandem::chat {

// Why a request is not carried out: an HTTP status, and a sentence that names cause and cure.
struct refusal {
    refusal() = default;
    refusal(int code, std::string text) : status{code}, why{std::move(text)} {}

    int status = 400;
    std::string why;
};
[[noreturn]] void throw_exception_from_error(refusal const& refused,
                                             boost::source_location const& where);

template <class T>
using answer = boost::system::result<T, refusal>;

struct user {
    std::string id;
    std::string name;
};

struct room_draft {
    std::string title;
    std::optional<std::string> topic;
};

struct message_draft {
    int room_id = 0;
    std::string user_id;
    std::string body;
};

// In characters, not bytes.
inline constexpr std::size_t id_most = 64;
inline constexpr std::size_t name_most = 100;
inline constexpr std::size_t topic_most = 200;
inline constexpr std::size_t body_most = 4'000;
// Of a whole request: every character of the longest one as an escape of six bytes, or a pair of them.
inline constexpr std::size_t request_bytes_most = 64 * 1024;

[[nodiscard]] answer<user> read_user(std::string_view json);
[[nodiscard]] answer<room_draft> read_room(std::string_view json);
[[nodiscard]] answer<message_draft> read_message(std::string_view json);
// {"type":"open","roomId":1}: what an open page says.
[[nodiscard]] answer<int> read_open(std::string_view json);
// The number in a query such as "roomId=1", where that is all of it.
[[nodiscard]] answer<int> read_room_query(std::string_view query);

} // namespace tandem::chat
