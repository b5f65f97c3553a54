#pragma once
// Lists of names as configurations have them. Pure.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

// Between commas, without blanks around them; empty ones are none.
[[nodiscard]] inline std::vector<std::string> names_in(std::string_view list) {
    std::vector<std::string> made;
    while (!list.empty()) {
        auto const stop = std::min(list.find(','), list.size());
        auto one = list.substr(0, stop);
        list.remove_prefix(std::min(stop + 1, list.size()));
        auto const first = std::min(one.find_first_not_of(' '), one.size());
        one.remove_prefix(first);
        one = one.substr(0, one.find_last_not_of(' ') + 1);
        if (!one.empty()) {
            made.emplace_back(one);
        }
    }
    return made;
}

} // namespace tandem::connect
