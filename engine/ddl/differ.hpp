#pragma once
// In what two nodes' tables of one name differ, of what decides which rows they take and how rows are found. Pure.

#include "engine/ddl/message.hpp"

#include <string>
#include <vector>

namespace tandem::engine::ddl {

struct difference {
    std::string what; // "index person_city_idx"
    std::string left; // how it is there; empty: it is not
    std::string right;
};

// Columns, constraints, indexes, triggers, policies and the replica identity of two tables; both shapes as
// tandem.relation_shape() gives them. Owners, rights, comments, storage and the steps of sequences are each node's own affair.
// `by_name`: definitions are not compared, since another major writes some of them otherwise.
[[nodiscard]] std::vector<difference> differences(shape const& left, shape const& right,
                                                  bool by_name);

} // namespace tandem::engine::ddl
