#pragma once
// What a table's description in the stream says that it did not say before: how a node that tells no DDL was altered. Pure.
// https://www.postgresql.org/docs/15/protocol-logicalrep-message-formats.html (Relation)

#include "codecs/pgoutput/relation_cache.hpp"

#include <string>
#include <vector>

namespace tandem::engine {

// Sentences without a full stop, each naming the table; empty: nothing that concerns its rows.
[[nodiscard]] std::vector<std::string> relation_drift(pgoutput::relation_shape const& before,
                                                      pgoutput::relation_shape const& after);

} // namespace tandem::engine
