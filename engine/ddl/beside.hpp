#pragma once
// What a command did here beside what it did at the node that it comes from. Pure.

#include "engine/ddl/message.hpp"

#include <string>
#include <vector>

namespace tandem::engine::ddl {

// Objects of which `after` has none, or another shape, and of which the message says nothing, as people call them. Both are
// lists of the shapes of a database.
[[nodiscard]] std::vector<std::string> changed_beside(shape const& before, shape const& after,
                                                      message const& told);

} // namespace tandem::engine::ddl
