#include "engine/connect/secrets.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tandem::connect {
namespace {

bool mentions(std::string_view name, std::string_view word) noexcept {
    return !std::ranges::search(name, word, {}, [](char each) {
                return each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
            }).empty();
}

bool is_reference(std::string_view value) noexcept {
    return value.starts_with("${") && value.ends_with('}');
}

} // namespace

bool is_secret(std::string_view name, std::string_view value) {
    if (value.empty() || is_reference(value)) {
        return false;
    }
    constexpr std::array<std::string_view, 4> words{"password", "secret", "jaas.config",
                                                    "credential"};
    if (std::ranges::any_of(words, [&](std::string_view word) { return mentions(name, word); })) {
        return true;
    }
    // Of tandem.PostgresPair, whose addresses may have one in them.
    return (name == "node.a" || name == "node.b") && value.find('@') != std::string_view::npos &&
           value.find(':', value.find("://") + 1) < value.find('@');
}

property_map shown(property_map const& config) {
    property_map made;
    for (auto const& [name, value] : config) {
        made.emplace(name, is_secret(name, value) ? std::string{hidden_secret} : value);
    }
    return made;
}

property_map with_secrets(property_map sent, property_map const& known) {
    for (auto& [name, value] : sent) {
        auto const before = known.find(name);
        if (value == hidden_secret && before != known.end()) {
            value = before->second;
        }
    }
    return sent;
}

} // namespace tandem::connect
