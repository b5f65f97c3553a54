#pragma once
// A uuid made of a name alone, as Java's UUID.nameUUIDFromBytes() makes it: version 3 of RFC 4122, with no namespace before the name.

#include <string>
#include <string_view>

namespace tandem::values {

[[nodiscard]] std::string name_uuid(std::string_view name);

} // namespace tandem::values
