#pragma once
// By which rules the conflicts of each table of one direction are decided.

#include "codecs/sql/conflict_rules.hpp"
#include "engine/config/options.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tandem::engine {

struct table_conflicts {
    table_pattern tables;
    sql::conflict_rules rules;
};

struct conflict_setup {
    sql::conflict_rules rest;            // of tables that none of these matches
    std::vector<table_conflicts> tables; // the first one that matches counts

    [[nodiscard]] sql::conflict_rules const& of(std::string_view schema,
                                                std::string_view table) const noexcept;
    [[nodiscard]] bool any_guarded() const noexcept;
    [[nodiscard]] bool any(sql::row_versions versions) const noexcept;
    // As people write it: the same at all nodes, or they do not end equal.
    [[nodiscard]] std::string text() const;
};

// Of what `source` wrote. `policy`: for the tables that none of `set` is about.
[[nodiscard]] conflict_setup conflicts_of(options const& set, conflict_policy policy,
                                          std::string const& source);

} // namespace tandem::engine
