#pragma once
// What of a node's DDL is not to be carried out elsewhere ([ddl] of a configuration file). Pure.

#include "engine/ddl/message.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tandem::engine::ddl {

struct object_pattern {
    std::string schema; // may hold * and ?
    std::string name;   // may hold * and ?
};

struct filter {
    std::vector<std::string> commands; // "DROP TABLE", "ALTER *"
    // Objects by themselves, and what tables and others have: index, constraint (but a primary key), trigger, policy,
    // grant, comment, owner.
    std::vector<std::string> kinds;
    std::vector<object_pattern> objects;

    [[nodiscard]] bool empty() const noexcept {
        return commands.empty() && kinds.empty() && objects.empty();
    }
};

// Takes out what is to be left alone: whole changes, or parts of what an object became. Returns what was taken out, as
// people call it.
std::vector<std::string> leave_out(filter const& by, message& from);

// A message as it is to be carried out; `left_out` gets what is not, and stays as it is where all of it is.
[[nodiscard]] boost::system::result<message, message_error> read_carried(std::string_view text,
                                                                         filter const& by,
                                                                         std::string& left_out);

} // namespace tandem::engine::ddl
