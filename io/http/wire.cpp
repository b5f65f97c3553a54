#include "io/http/wire.hpp"

namespace tandem::io::http {

namespace beast = boost::beast;

request to_request(wire_request& message) {
    request plain;
    plain.method = message.method_string();
    std::string const target = message.target();
    auto const query = target.find('?');
    plain.path = target.substr(0, query);
    plain.query = query == std::string::npos ? "" : target.substr(query + 1);
    for (auto const& field : message) {
        plain.headers.emplace_back(field.name_string(), field.value());
    }
    plain.body = std::move(message.body());
    return plain;
}

bool reads(request const& asked) noexcept {
    return asked.method == "GET" || asked.method == "HEAD";
}

wire_response to_wire(response plain, unsigned version, bool keep_alive, bool head) {
    wire_response message{static_cast<beast::http::status>(plain.status), version};
    message.set(beast::http::field::server, "tandem");
    bool const bodiless = plain.status == 204;
    if (!bodiless) {
        message.set(beast::http::field::content_type, plain.content_type);
    }
    message.set(beast::http::field::cache_control, "no-store");
    message.set("X-Content-Type-Options", "nosniff");
    for (auto const& [name, value] : plain.headers) {
        message.set(name, value);
    }
    message.keep_alive(keep_alive);
    if (!bodiless) {
        message.content_length(plain.body.size());
    }
    if (!head && !bodiless) {
        message.body() = std::move(plain.body);
    }
    return message;
}

std::optional<response> reading_failed(boost::system::error_code const& why) {
    using beast::http::error;
    if (why == error::header_limit || why == error::buffer_overflow) {
        return error_response(431, "the request's header is too large");
    }
    if (why == error::body_limit) {
        return error_response(413, "the request's body is too large");
    }
    bool const gone = why == error::end_of_stream || why == error::partial_message;
    if (!gone && why.category() == make_error_code(error::bad_target).category()) {
        return error_response(400, "this is not HTTP/1.1");
    }
    return std::nullopt;
}

} // namespace tandem::io::http
