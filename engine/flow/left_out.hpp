#pragma once
// Columns that updates left out, looked up in the source (R8): where the target's row is not the one that was changed.

#include "codecs/base/arena.hpp"
#include "engine/core/change.hpp"
#include "engine/core/table_plan.hpp"
#include "engine/flow/direction_setup.hpp"
#include "engine/flow/failure.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/awaitable.hpp"

#include <deque>
#include <memory>

namespace tandem::engine {

// One per applier; opens its session when it is first asked.
class left_out_columns {
public:
    // `binary`: how the stream sends values.
    left_out_columns(direction_setup const& setup, bool binary) noexcept
        : setup_{setup}, binary_{binary} {}

    // An update with all its columns: those that it left out as they are in the source now, which what comes later in the
    // stream changes from there. Where its row is gone there, a delete, which will come as well. Valid until forget().
    [[nodiscard]] io::awaitable<outcome_of<change const*>> complete(change const& what,
                                                                    table_plan const& plan);
    void forget() {
        made_.clear();
        values_.clear();
    }

private:
    direction_setup const& setup_;
    bool binary_;
    std::unique_ptr<io::pg::connection> source_;
    std::deque<change> made_;
    arena values_;
};

// Whether there is anything to complete.
[[nodiscard]] bool leaves_out(change const& what);

} // namespace tandem::engine
