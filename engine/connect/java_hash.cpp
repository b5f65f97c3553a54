#include "engine/connect/java_hash.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace tandem::connect {
namespace {

std::uint32_t hash_of(std::string_view text) noexcept {
    std::uint32_t made = 0;
    for (char const each : text) {
        made = made * 31 + static_cast<unsigned char>(each);
    }
    return made ^ (made >> 16U);
}

} // namespace

std::vector<std::string> in_hash_order(std::vector<std::string> texts) {
    std::size_t places = 16;
    while (texts.size() * 4 > places * 3) {
        places *= 2;
    }
    std::ranges::stable_sort(
        texts, {}, [places](std::string const& each) { return hash_of(each) & (places - 1); });
    return texts;
}

} // namespace tandem::connect
