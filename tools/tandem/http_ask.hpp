#pragma once
// One request to a running instance.

#include "tools/tandem/command.hpp"

#include <chrono>
#include <string>

namespace tandem::tool {

struct http_answer {
    int status = 0;
    std::string body;
};

struct http_question {
    std::string method = "GET";
    std::string path = {};
    std::string body = {}; // JSON; empty: none
    std::chrono::seconds patience{5};
};

// `now.url` is http://HOST[:PORT] or https://. Throws config_error for another form, for files that cannot be read, and where
// the token is wrong; command_failed (3) when nobody answers in time.
[[nodiscard]] http_answer http_ask(call const& now, http_question const& what);

} // namespace tandem::tool
