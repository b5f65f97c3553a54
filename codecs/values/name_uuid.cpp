#include "codecs/values/name_uuid.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tandem::values {
namespace {

// MD5, RFC 1321: for names, not for secrets.
constexpr std::array<std::uint32_t, 64> sines{
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};
constexpr std::array<std::array<int, 4>, 4> turns{
    {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};

using md5_state = std::array<std::uint32_t, 4>;
constexpr std::size_t block_bytes = 64;

static_assert(std::endian::native == std::endian::little); // MD5 reads and writes so

void take_block(md5_state& state, char const* block) noexcept {
    std::array<std::uint32_t, 16> words;
    std::memcpy(words.data(), block, block_bytes);
    auto [a, b, c, d] = state;
    for (std::uint32_t step = 0; step < sines.size(); ++step) {
        std::uint32_t mixed = 0;
        std::uint32_t word = 0;
        switch (step / 16) {
        case 0:
            mixed = (b & c) | (~b & d);
            word = step;
            break;
        case 1:
            mixed = (d & b) | (~d & c);
            word = 5 * step + 1;
            break;
        case 2:
            mixed = b ^ c ^ d;
            word = 3 * step + 5;
            break;
        default:
            mixed = c ^ (b | ~d);
            word = 7 * step;
            break;
        }
        mixed += a + sines[step] + words[word % words.size()];
        a = d;
        d = c;
        c = b;
        b += std::rotl(mixed, turns[step / 16][step % 4]);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

md5_state md5(std::string_view text) {
    md5_state state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    std::string padded{text};
    padded.push_back('\x80');
    constexpr std::size_t size_bytes = sizeof(std::uint64_t);
    while (padded.size() % block_bytes != block_bytes - size_bytes) {
        padded.push_back('\0');
    }
    std::uint64_t const bits = std::uint64_t{text.size()} * 8;
    padded.append(size_bytes, '\0');
    std::memcpy(padded.data() + padded.size() - size_bytes, &bits, size_bytes);
    for (std::size_t at = 0; at < padded.size(); at += block_bytes) {
        take_block(state, padded.data() + at);
    }
    return state;
}

} // namespace

std::string name_uuid(std::string_view name) {
    auto bytes = std::bit_cast<std::array<std::uint8_t, 16>>(md5(name));
    bytes[6] = (bytes[6] & 0x0FU) | 0x30U; // the version
    bytes[8] = (bytes[8] & 0x3FU) | 0x80U; // the variant
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (std::size_t index = 0; index < bytes.size(); ++index) {
        bool const dash = index == 4 || index == 6 || index == 8 || index == 10;
        text += dash ? "-" : "";
        text += digits[bytes[index] >> 4U];
        text += digits[bytes[index] & 0x0FU];
    }
    return text;
}

} // namespace tandem::values
