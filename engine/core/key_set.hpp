#pragma once
// Keys of one table with the v of what happened to them, as the arrays of a statement (R9).

#include "codecs/sql/apply_statements.hpp"
#include "codecs/values/array_builder.hpp"
#include "engine/core/batch_builder.hpp"
#include "engine/core/change.hpp"
#include "engine/core/table_plan.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::engine {

// The match key of a table, its columns by name: in whichever order a node has them.
struct key_shape {
    sql::apply_table table;
    std::vector<oid> types;
    std::vector<std::size_t> places; // of each column in plan.key
    std::string name;                // of the table: table_name()
    std::vector<sql::foreign_key> referred_by;
    sql::conflict_rules conflicts;
};
[[nodiscard]] key_shape key_shape_of(table_plan const& plan);

// Outlives the plan that it was made by. Single-threaded.
class key_set {
public:
    // `binary`: how the stream sends values.
    key_set(std::shared_ptr<key_shape const> shape, bool binary);

    // `key`: see match_key_bytes(). False: the server would refuse so many.
    [[nodiscard]] bool add(std::string_view key, pg_time v);

    [[nodiscard]] key_set copy();
    // Those of another set of the same table and types. False: the server would refuse so many.
    [[nodiscard]] bool absorb(key_set& other);
    [[nodiscard]] bool alike(key_set const& other) const {
        return binary_ == other.binary_ && shape_->name == other.shape_->name &&
               shape_->types == other.shape_->types;
    }

    [[nodiscard]] key_shape const& shape() const noexcept { return *shape_; }
    [[nodiscard]] bool binary() const noexcept { return binary_; }
    // One a column, then the times.
    [[nodiscard]] std::span<values::array_builder> arrays() noexcept { return arrays_; }
    [[nodiscard]] std::uint32_t size() const noexcept { return arrays_.back().size(); }
    [[nodiscard]] std::size_t bytes() const noexcept;
    [[nodiscard]] pg_time earliest() const noexcept { return earliest_; }
    [[nodiscard]] pg_time newest() const noexcept { return newest_; }

private:
    std::shared_ptr<key_shape const> shape_;
    bool binary_;
    std::vector<values::array_builder> arrays_;
    pg_time earliest_;
    pg_time newest_;
};

// One set a table: of a key that stands in several only its newest v counts. A table comes in several where it was described
// anew, or where a long transaction was sent in parts.
[[nodiscard]] std::vector<key_set> merged(std::vector<key_set> sets);

// Sets of several tables, one each.
class key_sets {
public:
    explicit key_sets(bool binary) noexcept : binary_{binary} {}

    [[nodiscard]] bool add(std::string_view key, table_plan const& plan, pg_time v);
    // The rows that a batch writes, under the keys that they have after it.
    [[nodiscard]] bool add_written(batch_builder const& batch);
    // The keys that a batch takes away from tables that others refer to.
    [[nodiscard]] bool add_gone(batch_builder const& batch);

    [[nodiscard]] bool empty() const noexcept { return sets_.empty(); }
    [[nodiscard]] std::vector<key_set>& sets() noexcept { return sets_; }
    // What there is so far, to whoever asks; empty again.
    [[nodiscard]] std::vector<key_set> take();

private:
    bool binary_;
    std::vector<key_set> sets_;
    std::map<std::uint32_t, std::size_t> set_of_; // by plan number
    std::map<std::uint32_t, std::shared_ptr<key_shape const>> shapes_;
};

} // namespace tandem::engine
