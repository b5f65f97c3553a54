#pragma once
// Which statements make an object of this node what it became elsewhere. Pure.
//
// Three ways are compared: as it was there, as it is there now, as it is here. What was changed there and is here as it
// was there before, is changed; what is here as it is there now, is left alone; anything else contradicts. So the same
// DDL on two nodes at once ends equal, and what was carried out before is not carried out again.

#include "engine/ddl/message.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace tandem::engine::ddl {

struct surroundings {
    shape at_before; // what has the name that it had there; null: nothing
    shape at_after;  // what has the name that it has there now; null: nothing
    // What this node's own DDL called the table and its columns, by their names there; empty where they are called so here.
    std::string table_here;
    std::map<std::string, std::string> columns_here;
    std::set<std::string> roles;  // of this server, quoted as SQL needs it
    int server_version = 150'000; // server_version_num of this server
    int source_version = 150'000; // ... and of the one that the change comes from
    bool altered = false; // there is DDL of this node's own of which the source did not know
};

struct decision {
    // To be carried out in this order; then decide() is asked again with what is there now, until there are none: a rename
    // changes how definitions read.
    std::vector<std::string> statements;
    std::vector<std::string> left_out; // what is not carried, and why
    std::string against;               // not empty: it contradicts what is here; cause and cure
};

[[nodiscard]] decision decide(object_change const& change, surroundings const& here);

} // namespace tandem::engine::ddl
