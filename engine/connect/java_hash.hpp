#pragma once
// In which order Java's hash tables give out what is in them: the order of some of Debezium's lists.

#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

// As a java.util.HashSet that grew by adding them one after the other has them. Different ASCII texts.
[[nodiscard]] std::vector<std::string> in_hash_order(std::vector<std::string> texts);

} // namespace tandem::connect
