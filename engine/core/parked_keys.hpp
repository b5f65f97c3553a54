#pragma once
// Which keys and tables of a stream are parked: their later changes queue behind them. Pure.

#include "codecs/pgoutput/message.hpp"
#include "engine/core/change.hpp"
#include "engine/core/table_plan.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace tandem::engine {

// Keys in text form: a stream with parked rows is read as text.
class parked_keys {
public:
    using key_values = std::map<std::string, std::optional<std::string>>; // by column name

    void park_key(std::string const& table, key_values key);
    void park_table(std::string const& table);

    [[nodiscard]] bool empty() const noexcept { return tables_.empty(); }
    // Anything of the table is parked.
    [[nodiscard]] bool touches(std::string const& table) const { return tables_.contains(table); }
    // Whether the change, or for a key update its old or new key, is behind a parked one.
    [[nodiscard]] bool behind(change const& what, table_plan const& plan) const;
    // It waits under the name that its source calls the table by, where this node calls it otherwise: DDL of the source does.
    [[nodiscard]] bool as_described(table_plan const& plan) const;
    // A key update that is parked takes the queue along: both its keys are behind it from now on.
    void follow(change const& what, table_plan const& plan);

    friend bool operator==(parked_keys const&, parked_keys const&) = default;

private:
    struct entry {
        bool whole = false;
        std::set<key_values> keys;
        friend bool operator==(entry const&, entry const&) = default;
    };
    std::map<std::string, entry> tables_; // "schema.name"
};

[[nodiscard]] std::string table_name(table_plan const& plan);
// The match key's values of a row; those left out as unchanged are those of `before`.
[[nodiscard]] parked_keys::key_values key_values_of(pgoutput::tuple_view row,
                                                    table_plan const& plan,
                                                    pgoutput::tuple_view before = {});
// Of the row that finds the change's target: the old row where it is sent, else the new one.
[[nodiscard]] pgoutput::tuple_view identifying_row(change const& what) noexcept;

} // namespace tandem::engine
