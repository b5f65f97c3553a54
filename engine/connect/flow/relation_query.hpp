#pragma once
// Tables as pgoutput would describe them, asked of the catalog.

#include "codecs/pgoutput/relation_cache.hpp"
#include "io/pg/connection.hpp"

#include <string>

namespace tandem::connect {

// Schema and name of each: partitions, or what they are of, as the stream tells of them.
[[nodiscard]] std::string published_query(std::string const& publication);
[[nodiscard]] std::string relation_query(std::string const& schema, std::string const& name);
// Of its answer; without columns where there is no such table.
[[nodiscard]] pgoutput::relation_ptr relation_of(io::pg::rows const& found, std::string schema,
                                                 std::string name);

} // namespace tandem::connect
