#pragma once
// One GET to a running instance.

#include <string>

namespace tandem::tool {

struct http_answer {
    int status = 0;
    std::string body;
};

// `base` is http://HOST[:PORT]. Throws config_error for another form and command_failed (3) when
// nobody answers within five seconds.
[[nodiscard]] http_answer http_get(std::string const& base, std::string const& path);

} // namespace tandem::tool
