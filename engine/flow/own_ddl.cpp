#include "engine/flow/own_ddl.hpp"

#include "codecs/sql/quote.hpp"

#include <fmt/format.h>

#include <utility>

namespace tandem::engine {

std::vector<ddl::logged> read_own_ddl(io::pg::rows const& got) {
    std::vector<ddl::logged> log;
    for (int row = 0; row < got.size(); ++row) {
        if (auto read = ddl::read_message(got.text(row, 0))) {
            log.push_back({std::move(*read), got.boolean(row, 1), got.boolean(row, 2)});
        }
    }
    return log;
}

std::string fate_query(ddl::shape const& of) {
    std::string same;
    for (auto const* const key : {"kind", "schema", "name", "arguments"}) {
        auto const at = of.find(key);
        same += at == of.end() ? fmt::format(" AND c -> 'before' -> '{}' IS NULL", key)
                               : fmt::format(" AND c -> 'before' ->> '{}' = {}", key,
                                             sql::literal(at->get<std::string>()));
    }
    return fmt::format(
        "SELECT c -> 'after' FROM tandem.ddl, jsonb_array_elements(changes -> 'changes') AS c WHERE node IS NULL AND at > now() - "
        "interval '7 days'{} AND (coalesce(c -> 'after', 'null') = 'null' OR (c -> 'after' ->> 'schema', c -> 'after' ->> 'name') <> "
        "(c -> 'before' ->> 'schema', c -> 'before' ->> 'name')) ORDER BY id DESC LIMIT 1",
        same);
}

} // namespace tandem::engine
