#pragma once
// The text of hstore: "a"=>"1", "b"=>NULL
// Form: https://www.postgresql.org/docs/current/hstore.html

#include "codecs/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::values {

using hstore_pairs = std::vector<std::pair<std::string, std::optional<std::string>>>;

// In the server's order. Error: bad_value, at the byte that cannot be right.
[[nodiscard]] result<hstore_pairs> parse_hstore(std::string_view text);
[[nodiscard]] std::string hstore_text(hstore_pairs const& pairs);

} // namespace tandem::values
