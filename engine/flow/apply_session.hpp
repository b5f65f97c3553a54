#pragma once
// The session that writes a stream's changes to its target, and what it has to know first.

#include "codecs/sql/apply_statements.hpp"
#include "engine/core/parked_keys.hpp"
#include "engine/core/parked_lanes.hpp"
#include "engine/flow/direction_setup.hpp"
#include "engine/flow/failure.hpp"
#include "io/pg/connection.hpp"
#include "io/pg/pipeline_session.hpp"
#include "io/runtime/awaitable.hpp"

#include <memory>
#include <vector>

namespace tandem::engine {

// In pipeline mode, with the stream's replication origin (or --origin-column's mark) set up.
struct apply_session {
    std::unique_ptr<io::pg::pipeline_session> pipeline;
    unsigned origin_id = 0; // none: --origin-column
    bool target_is_utf8 = true;
};

[[nodiscard]] io::awaitable<outcome_of<apply_session>> open_apply_session(
    direction_setup const& setup);

[[nodiscard]] sql::apply_rules rules_for(direction_setup const& setup, apply_session const& session,
                                         bool binary);

// What is parked of the stream, in source order.
[[nodiscard]] io::awaitable<outcome_of<std::vector<parked_row>>> read_parked_rows(
    direction_setup const& setup, io::pg::connection& target);
// The keys and tables of the stream that wait behind a parked change.
[[nodiscard]] io::awaitable<outcome_of<parked_keys>> read_parked(direction_setup const& setup,
                                                                 io::pg::connection& target);

} // namespace tandem::engine
