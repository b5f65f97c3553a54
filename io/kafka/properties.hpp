#pragma once
// Which properties of librdkafka a user may set, and which of them are secrets. Pure.
//
// Names and values are librdkafka's. The list is of what is allowed: what our promises rest on is
// refused with the reason, what is not known with the nearest name.
// https://github.com/confluentinc/librdkafka/blob/v2.0.2/CONFIGURATION.md

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::io::kafka {

using properties = std::vector<std::pair<std::string, std::string>>;

enum class role {
    producer,
    consumer,
    admin,
};

// Why this property cannot be taken, as a sentence that never quotes the value; nullopt when it can.
// librdkafka checks ranges of numbers itself.
[[nodiscard]] std::optional<std::string> property_problem(std::string_view name,
                                                          std::string_view value);

// Whether a client of that kind knows the property: the others only warn about it.
[[nodiscard]] bool property_serves(std::string_view name, role client);

// Values of such properties are never shown: sasl.password, ssl.key.pem ...
[[nodiscard]] bool property_is_secret(std::string_view name);

// The values of the secret ones, longest first.
[[nodiscard]] std::vector<std::string> secrets_of(properties const& set);

// The text with each of the given secrets as "***".
[[nodiscard]] std::string redact(std::string_view text, std::vector<std::string> const& secrets);

} // namespace tandem::io::kafka
