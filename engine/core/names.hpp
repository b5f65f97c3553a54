#pragma once
// The names of everything tandem creates in a database or a server.
//
// Slots and replication origins belong to the whole server, so their names carry the database's oid:
// two databases of one server may both take part, in one pair or in several.

#include "codecs/base/lsn.hpp"

#include <string>
#include <string_view>

namespace tandem::engine {

inline constexpr char const* schema_name = "tandem";
inline constexpr char const* publication_name = "tandem";
// Of the logical messages that tell of DDL.
inline constexpr std::string_view ddl_prefix = "tandem.ddl";
// Of those by which somebody waits until what was committed before is applied at the peer.
inline constexpr std::string_view fence_prefix = "tandem.fence";

// 7 + 20 + 1 + 20 + 1 + 10 bytes with the longest node names: below PostgreSQL's 63.
inline constexpr std::size_t node_name_max = 20;

// The logical slot on `source` that feeds `target`.
[[nodiscard]] inline std::string slot_name(std::string_view source, std::string_view target,
                                           oid source_database) {
    std::string name{"tandem_"};
    name.append(source).append("_").append(target).append("_");
    return name.append(std::to_string(source_database.value));
}

// The replication origin on the target that marks what came from `source`.
[[nodiscard]] inline std::string origin_name(oid target_database, std::string_view source) {
    std::string name{"tandem_"};
    name.append(std::to_string(target_database.value)).append("_");
    return name.append(source);
}

// What a repair writes: rows that are sent again as the version that they are, and rows that are taken away at one node only.
inline constexpr std::string_view resent_origin =
    "tandem_resent_"; // also in codecs/sql/unique_statements.cpp
[[nodiscard]] inline std::string resent_origin_name(oid database) {
    return std::string{resent_origin}.append(std::to_string(database.value));
}
inline constexpr char const* repair_session_name = "tandem repair";
[[nodiscard]] inline std::string silent_origin_name(oid database) {
    return std::string{"tandem_silent_"}.append(std::to_string(database.value));
}

} // namespace tandem::engine
