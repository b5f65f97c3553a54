// The parts of io/http/server.hpp that need no Beast.

#include "io/http/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace tandem::io::http {

namespace {

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string json_text(std::string const& plain) {
    std::string quoted = "\"";
    for (char const c : plain) {
        if (c == '"' || c == '\\') {
            quoted += '\\';
            quoted += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            quoted += c;
        }
    }
    return quoted + '"';
}

} // namespace

std::string request::header(std::string const& name) const {
    for (auto const& [own, value] : headers) {
        if (std::equal(own.begin(), own.end(), name.begin(), name.end(),
                       [](char a, char b) { return lower(a) == lower(b); })) {
            return value;
        }
    }
    return {};
}

response error_response(int status, std::string const& message) {
    response made;
    made.status = status;
    made.body = fmt::format("{{\"error_code\":{},\"message\":{}}}\n", status, json_text(message));
    return made;
}

void throw_exception_from_error(listen_error const& failed, boost::source_location const& where) {
    throw std::runtime_error{
        fmt::format("{} ({}:{})", failed.message, where.file_name(), where.line())};
}

} // namespace tandem::io::http
