#include "engine/config/redact.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

namespace tandem::engine {
namespace {

constexpr std::string_view hidden = "***";

bool is_space(char each) noexcept {
    return std::isspace(static_cast<unsigned char>(each)) != 0;
}

// password, sslpassword, and whatever a later libpq adds (oauth_client_secret ...).
bool is_secret(std::string_view key) {
    std::string lower{key};
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char each) {
        return static_cast<char>(std::tolower(static_cast<unsigned char>(each)));
    });
    return lower.ends_with("password") || lower.ends_with("secret") || lower.ends_with("token");
}

int hex_digit(char each) noexcept {
    if (each >= '0' && each <= '9') {
        return each - '0';
    }
    auto const lower = static_cast<char>(std::tolower(static_cast<unsigned char>(each)));
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// libpq decodes %XX in parameter names too: "pass%77ord" is a password.
std::string percent_decoded(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '%' && at + 2 < text.size() && hex_digit(text[at + 1]) >= 0 &&
            hex_digit(text[at + 2]) >= 0) {
            plain += static_cast<char>(hex_digit(text[at + 1]) * 16 + hex_digit(text[at + 2]));
            at += 2;
        } else {
            plain += text[at];
        }
    }
    return plain;
}

std::string redact_query(std::string_view query) {
    std::string shown;
    while (!query.empty()) {
        std::size_t const stop = std::min(query.find('&'), query.size());
        std::string_view const pair = query.substr(0, stop);
        std::size_t const equals = pair.find('=');
        if (equals != std::string_view::npos &&
            is_secret(percent_decoded(pair.substr(0, equals)))) {
            shown.append(pair.substr(0, equals + 1)).append(hidden);
        } else {
            shown.append(pair);
        }
        query.remove_prefix(stop);
        if (!query.empty()) {
            shown += '&';
            query.remove_prefix(1);
        }
    }
    return shown;
}

std::string redact_uri(std::string_view uri) {
    std::size_t const start = uri.find("://") + 3;
    std::string shown{uri.substr(0, start)};
    std::string_view rest = uri.substr(start);

    std::size_t const at = rest.rfind('@');
    if (at != std::string_view::npos) {
        // Passwords that should have been percent-encoded may hold '/', '?' or '@', and so may
        // parameters: with a '?' before the '@' nobody can tell, and the rest goes.
        if (rest.find('?') < at) {
            return shown.append(rest.substr(0, rest.find_first_of(":?") + 1)).append(hidden);
        }
        std::size_t const colon = rest.substr(0, at).find(':');
        if (colon == std::string_view::npos) {
            shown.append(rest.substr(0, at + 1));
        } else {
            shown.append(rest.substr(0, colon + 1)).append(hidden).append("@");
        }
        rest.remove_prefix(at + 1);
    }
    std::size_t const query = rest.find('?');
    if (query == std::string_view::npos) {
        return shown.append(rest);
    }
    shown.append(rest.substr(0, query + 1));
    return shown.append(redact_query(rest.substr(query + 1)));
}

// The end of a keyword value at the start of `text`: quoted with '', or up to white space;
// backslash escapes one character in both.
std::size_t value_length(std::string_view text) noexcept {
    bool const quoted = text.starts_with('\'');
    std::size_t at = quoted ? 1 : 0;
    for (; at < text.size(); ++at) {
        if (text[at] == '\\') {
            ++at;
        } else if (quoted && text[at] == '\'') {
            return at + 1;
        } else if (!quoted && is_space(text[at])) {
            return at;
        }
    }
    return text.size();
}

std::string redact_keywords(std::string_view text) {
    std::string shown;
    std::size_t at = 0;
    while (at < text.size()) {
        std::size_t const key_start = at;
        while (at < text.size() && text[at] != '=' && !is_space(text[at])) {
            ++at;
        }
        std::string_view const key = text.substr(key_start, at - key_start);
        while (at < text.size() && is_space(text[at])) {
            ++at;
        }
        shown.append(text.substr(key_start, at - key_start));
        if (at == text.size() || text[at] != '=') {
            continue; // a word without value
        }
        std::size_t const equals = at++;
        while (at < text.size() && is_space(text[at])) {
            ++at;
        }
        shown.append(text.substr(equals, at - equals));
        std::size_t const length = value_length(text.substr(at));
        shown.append(is_secret(key) ? hidden : text.substr(at, length));
        at += length;
    }
    return shown;
}

} // namespace

std::string redact(std::string_view conninfo) {
    if (conninfo.find("://") != std::string_view::npos &&
        conninfo.find("://") < std::min(conninfo.find('='), conninfo.size())) {
        return redact_uri(conninfo);
    }
    return redact_keywords(conninfo);
}

} // namespace tandem::engine
