#pragma once
// Columns that updates left out, looked up in the source (R8): where the target's row is not the one that was changed.

#include "codecs/base/arena.hpp"
#include "engine/core/change.hpp"
#include "engine/core/table_plan.hpp"
#include "engine/ddl/follow.hpp"
#include "engine/flow/direction_setup.hpp"
#include "engine/flow/failure.hpp"
#include "io/pg/pipeline_session.hpp"
#include "io/runtime/awaitable.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tandem::engine {

struct left_out_change {
    change const* what = nullptr; // leaves_out() says so
    table_plan const* plan = nullptr;
    transaction_header const* of = nullptr;
};

// One per applier; opens its session when it is first asked.
class left_out_columns {
public:
    // `binary`: how the stream sends values.
    left_out_columns(direction_setup const& setup, bool binary) noexcept
        : setup_{setup}, binary_{binary} {}

    // For each of them an update with all its columns: those that it left out as they are in the source now, which what comes
    // later in the stream changes from there. Where its row is gone there, a delete, which will come as well. Valid until
    // forget(). All are asked for together.
    [[nodiscard]] io::awaitable<outcome_of<std::vector<change const*>>> complete(
        std::span<left_out_change const> wanted);
    // Of the values that are kept.
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
    void forget() {
        made_.clear();
        values_.clear();
        bytes_ = 0;
    }

private:
    [[nodiscard]] io::awaitable<outcome_of<void>> open();
    // `altered`: gets the id of the last DDL there behind the first of these changes, 0 for none.
    [[nodiscard]] io::awaitable<outcome_of<std::vector<change const*>>> ask_all(
        std::span<left_out_change const> wanted, std::span<ddl::names_later const> names,
        std::int64_t& altered);
    [[nodiscard]] outcome_of<void> ask(left_out_change const& one, ddl::names_later const& names);
    // What the tables are called there behind such DDL; `altered` as above.
    [[nodiscard]] io::awaitable<outcome_of<std::vector<ddl::names_later>>> names_now(
        std::span<left_out_change const> wanted, std::int64_t& altered);
    [[nodiscard]] failure failed(left_out_change const& one, io::pg::error const& why);
    [[nodiscard]] change const* completed(left_out_change const& one, io::pg::rows const& found);

    direction_setup const& setup_;
    bool binary_;
    bool unknown_there_ = false; // why it failed: no table or column of that name
    std::unique_ptr<io::pg::pipeline_session> source_;
    std::map<std::string, std::string> prepared_; // the statement's name by its text
    std::deque<change> made_;
    arena values_;
    std::size_t bytes_ = 0;
};

// Whether there is anything to complete.
[[nodiscard]] bool leaves_out(change const& what);

} // namespace tandem::engine
