#include "io/http/access.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstddef>
#include <string>

namespace tandem::io::http {
namespace {

bool same(std::string_view given, std::string_view token) {
    return given.size() == token.size() &&
           CRYPTO_memcmp(given.data(), token.data(), token.size()) == 0;
}

// Empty where it is none.
std::string from_base64(std::string_view text) {
    std::string made(text.size() / 4 * 3, '\0');
    if (text.empty() || text.size() % 4 != 0) {
        return {};
    }
    auto const size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(made.data()),
                                      reinterpret_cast<unsigned char const*>(text.data()),
                                      static_cast<int>(text.size()));
    if (size < 0) {
        return {};
    }
    auto const padding = text.ends_with("==") ? 2U : text.ends_with('=') ? 1U : 0U;
    made.resize(static_cast<std::size_t>(size) - padding);
    return made;
}

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// What follows the scheme's name, in any case; empty: it is another one.
std::string_view behind(std::string_view scheme, std::string_view header) {
    if (header.size() <= scheme.size() || header[scheme.size()] != ' ') {
        return {};
    }
    for (std::size_t at = 0; at < scheme.size(); ++at) {
        if (lower(header[at]) != scheme[at]) {
            return {};
        }
    }
    header.remove_prefix(scheme.size());
    header.remove_prefix(std::min(header.find_first_not_of(' '), header.size()));
    return header;
}

} // namespace

bool token_given(std::string_view authorization, std::string_view token) {
    constexpr std::size_t longest = 4096;
    if (authorization.size() > longest) {
        return false;
    }
    if (auto const bearer = behind("bearer", authorization); !bearer.empty()) {
        return same(bearer, token);
    }
    auto const pair = from_base64(behind("basic", authorization));
    auto const colon = pair.find(':');
    return colon != std::string::npos && same(std::string_view{pair}.substr(colon + 1), token);
}

} // namespace tandem::io::http
