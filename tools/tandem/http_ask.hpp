#pragma once
// One request to a running instance.

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

// `base` is http://HOST[:PORT]. Throws config_error for another form and command_failed (3) when
// nobody answers in time.
[[nodiscard]] http_answer http_ask(std::string const& base, http_question const& what);

} // namespace tandem::tool
