// The parts of io/http/server.hpp that need no Beast.

#include "io/http/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace tandem::io::http {

namespace {

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_header(std::string_view own, std::string_view name) noexcept {
    return std::ranges::equal(own, name, [](char a, char b) { return lower(a) == lower(b); });
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
        if (same_header(own, name)) {
            return value;
        }
    }
    return {};
}

std::size_t request::count(std::string const& name) const noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(
        headers, [&name](auto const& each) { return same_header(each.first, name); }));
}

namespace {

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
    std::string made;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '%' && at + 2 < text.size() && hex_digit(text[at + 1]) >= 0 &&
            hex_digit(text[at + 2]) >= 0) {
            made += static_cast<char>(hex_digit(text[at + 1]) * 16 + hex_digit(text[at + 2]));
            at += 2;
        } else {
            made += text[at] == '+' ? ' ' : text[at];
        }
    }
    return made;
}

} // namespace

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        auto const stop = std::min(query.find('&'), query.size());
        auto const part = query.substr(0, stop);
        auto const equals = std::min(part.find('='), part.size());
        if (percent_decoded(part.substr(0, equals)) == name) {
            return percent_decoded(part.substr(std::min(equals + 1, part.size())));
        }
        query.remove_prefix(std::min(stop + 1, query.size()));
    }
    return std::nullopt;
}

response json_response(std::string body) {
    response made;
    made.body = std::move(body);
    return made;
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
