#include "engine/flow/own_ddl.hpp"

#include "codecs/sql/quote.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace tandem::engine {

std::vector<ddl::logged> read_own_ddl(io::pg::rows const& got, lsn as_of) {
    std::vector<ddl::logged> log;
    for (int row = 0; row < got.size(); ++row) {
        if (auto read = ddl::read_message(got.text(row, 0))) {
            bool const seen =
                !got.null(row, 3) && lsn::parse(got.text(row, 3)).value_or(lsn{}) <= as_of;
            std::vector<ddl::object_change> here;
            if (auto changed = ddl::read_message(got.text(row, 4))) {
                here = std::move(changed->changes);
            }
            log.push_back({std::move(*read), got.boolean(row, 1), got.boolean(row, 2), seen,
                           std::move(here), got.boolean(row, 5)});
        }
    }
    return log;
}

namespace {

// That an object of a change is named like this one.
std::string same_name(ddl::shape const& of, std::string_view when) {
    std::string same;
    for (auto const* const key : {"kind", "schema", "name", "arguments"}) {
        auto const at = of.find(key);
        same += at == of.end() ? fmt::format(" AND c -> '{}' -> '{}' IS NULL", when, key)
                               : fmt::format(" AND c -> '{}' ->> '{}' = {}", when, key,
                                             sql::literal(at->get<std::string>()));
    }
    return same;
}

} // namespace

std::string fate_query(ddl::shape const& of, bool unseen, lsn as_of) {
    auto same = same_name(of, "before");
    if (unseen) { // and behind which the peer made none of that name
        same += fmt::format(
            " AND (seen_at IS NULL OR seen_at > '{}') AND id > coalesce((SELECT max(d.id) FROM tandem.ddl AS d, "
            "jsonb_array_elements(d.changes -> 'changes') AS c WHERE d.node IS NOT NULL AND coalesce(c -> 'before', 'null') = "
            "'null'{}), 0)",
            to_string(as_of), same_name(of, "after"));
    }
    return fmt::format(
        "SELECT c -> 'after' FROM tandem.ddl, jsonb_array_elements(changes -> 'changes') AS c WHERE node IS NULL AND at > now() - "
        "interval '7 days'{} AND (coalesce(c -> 'after', 'null') = 'null' OR (c -> 'after' ->> 'schema', c -> 'after' ->> 'name') <> "
        "(c -> 'before' ->> 'schema', c -> 'before' ->> 'name')) ORDER BY id DESC LIMIT 1",
        same);
}

} // namespace tandem::engine
