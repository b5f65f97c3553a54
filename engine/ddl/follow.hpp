#pragma once
// What this node's own DDL made of a table since a peer described it: its changes were written before the peer carried
// that out. Pure.

#include "engine/ddl/message.hpp"

#include <span>
#include <string>
#include <vector>

namespace tandem::engine::ddl {

struct followed_column {
    std::string name; // now; of one that is gone, as it was
    bool gone = false;
    bool retyped = false;  // its text is read as the type that it has now
    bool computed = false; // ... and this node alone knows how its rows got their values
};

struct followed_table {
    std::string schema;
    std::string name;
    bool gone = false;
    std::vector<followed_column> columns; // in the order that was given
};

// `own`: this node's messages, in their order.
[[nodiscard]] followed_table follow(std::string schema, std::string name,
                                    std::vector<std::string> const& columns,
                                    std::span<message const> own);

} // namespace tandem::engine::ddl
