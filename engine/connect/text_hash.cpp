#include "engine/connect/text_hash.hpp"

#include "codecs/base/assert.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <iterator>
#include <utility>

namespace tandem::connect {
namespace {

void append_big_endian(std::uint64_t number, int bytes, std::string& into) {
    for (int at = bytes - 1; at >= 0; --at) {
        into += static_cast<char>((number >> (8 * at)) & 0xff);
    }
}

// Java's modified UTF-8: what is beyond 16 bits is two of three bytes.
std::string modified_utf8(std::string_view text) {
    std::string made;
    for (std::size_t at = 0; at < text.size();) {
        auto const lead = static_cast<unsigned char>(text[at]);
        if (lead < 0xf0 || at + 4 > text.size()) {
            made += text[at++];
            continue;
        }
        auto const bits = [&](std::size_t which) {
            return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + which]) & 0x3f);
        };
        auto const point = (static_cast<std::uint32_t>(lead & 0x07) << 18 | bits(1) << 12 |
                            bits(2) << 6 | bits(3)) -
                           0x10000;
        for (auto const half : {0xd800 + (point >> 10), 0xdc00 + (point & 0x3ff)}) {
            made += static_cast<char>(0xe0 | half >> 12);
            made += static_cast<char>(0x80 | (half >> 6 & 0x3f));
            made += static_cast<char>(0x80 | (half & 0x3f));
        }
        at += 4;
    }
    return made;
}

// https://docs.oracle.com/en/java/javase/17/docs/specs/serialization/protocol.html
std::string serialized(std::string_view text) {
    std::string made{"\xac\xed\x00\x05", 4};
    auto const bytes = modified_utf8(text);
    bool const is_long = bytes.size() > 0xffff;
    made += is_long ? '\x7c' : '\x74';
    append_big_endian(bytes.size(), is_long ? 8 : 2, made);
    return made + bytes;
}

} // namespace

struct text_hash::digest {
    explicit digest(EVP_MD* found) noexcept : of{found} {}
    ~digest() { EVP_MD_free(of); }
    digest(digest const&) = delete;
    digest& operator=(digest const&) = delete;

    EVP_MD* of;
};

outcome<text_hash> text_hash::of(std::string_view algorithm, std::string salt, form what) {
    auto* const found = EVP_MD_fetch(nullptr, std::string{algorithm}.c_str(), nullptr);
    if (found == nullptr) {
        return problem{problem_kind::config,
                       fmt::format("{} is no hash algorithm that is known here: SHA-256, SHA-512, "
                                   "SHA-1 and MD5 are",
                                   algorithm)};
    }
    return text_hash{std::make_shared<digest const>(found), std::move(salt), what};
}

std::string text_hash::operator()(std::string_view text) const {
    auto const input = salt_ + (form_ == form::bytes ? std::string{text} : serialized(text));
    std::array<unsigned char, EVP_MAX_MD_SIZE> digested{};
    unsigned int size = 0;
    int const done =
        EVP_Digest(input.data(), input.size(), digested.data(), &size, digest_->of, nullptr);
    TANDEM_ASSERT(done == 1);
    std::string made;
    for (unsigned int at = 0; at < size; ++at) {
        fmt::format_to(std::back_inserter(made), "{:02x}", digested[at]);
    }
    return made;
}

} // namespace tandem::connect
