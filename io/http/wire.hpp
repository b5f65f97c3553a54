#pragma once
// What Beast makes of requests, and of our answers. For io/http/server.cpp.

#include "io/http/server.hpp"

#include <boost/beast/http.hpp>

#include <optional>

namespace tandem::io::http {

using wire_request = boost::beast::http::request<boost::beast::http::string_body>;
using wire_response = boost::beast::http::response<boost::beast::http::string_body>;

// Takes the body.
[[nodiscard]] request to_request(wire_request& message);
[[nodiscard]] bool reads(request const& asked) noexcept; // GET, HEAD
[[nodiscard]] wire_response to_wire(response plain, unsigned version, bool keep_alive, bool head);
// What to say to a request that could not be read; nothing when the client is just gone.
[[nodiscard]] std::optional<response> reading_failed(boost::system::error_code const& why);

} // namespace tandem::io::http
