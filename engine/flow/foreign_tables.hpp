#pragma once
// The target's tables, as records of other writers are read for them.

#include "engine/core/foreign_rows.hpp"
#include "engine/flow/failure.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/awaitable.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>

namespace tandem::engine {

// One per start of a sink. What it gives out lives as long as it.
class foreign_tables {
public:
    foreign_tables(std::string node, io::pg::connection& catalog)
        : node_{std::move(node)}, catalog_{catalog} {}

    // Null: it was not asked for yet.
    [[nodiscard]] foreign_table const* find(foreign_rows::target const& name) const;
    // From the catalog. A table that is not there is an error that names it; so is one without a primary key, where it
    // needs one.
    [[nodiscard]] io::awaitable<outcome_of<foreign_table const*>> read(foreign_rows::target name,
                                                                       bool needs_key = true);

private:
    [[nodiscard]] io::awaitable<outcome_of<void>> read_types();

    std::string node_;
    io::pg::connection& catalog_;
    event::type_table types_;
    bool has_types_ = false;
    std::map<std::pair<std::string, std::string>, std::unique_ptr<foreign_table>> tables_;
};

} // namespace tandem::engine
