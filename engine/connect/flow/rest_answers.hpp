#pragma once
// Answers of the REST interface, for rest.cpp and rest_read.cpp.

#include "engine/connect/rest_request.hpp"
#include "engine/flow/failure.hpp"
#include "io/http/server.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace tandem::connect {

using io::http::error_response;
using io::http::request;
using io::http::response;

[[nodiscard]] inline response json_response(std::string body, int status = 200) {
    response made;
    made.status = status;
    made.body = std::move(body);
    return made;
}

[[nodiscard]] inline response empty_response(int status) {
    response made;
    made.status = status;
    return made;
}

[[nodiscard]] inline response refused(rest_refusal const& why) {
    return error_response(why.status, why.what);
}

[[nodiscard]] inline response not_found(std::string const& what) {
    return error_response(404, what);
}

[[nodiscard]] inline response no_connector(std::string_view name) {
    return not_found(fmt::format("Connector {} not found", name));
}

// What became of a write that Kafka did not take.
[[nodiscard]] inline response not_written(engine::failure const& why) {
    return error_response(500, "Request timed out. " + why.reason);
}

} // namespace tandem::connect
