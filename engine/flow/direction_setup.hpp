#pragma once
// What one direction knows before it starts: both ends, names and rules. Immutable while it runs, but for `tuned`.

#include "codecs/base/lsn.hpp"
#include "codecs/sql/apply_statements.hpp"
#include "engine/config/options.hpp"
#include "engine/core/names.hpp"
#include "engine/core/node_deletes.hpp"
#include "engine/core/tuning.hpp"
#include "engine/ddl/filter.hpp"
#include "engine/flow/conflict_setup.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace tandem::engine {

struct direction_setup {
    node_options source;
    node_options target;
    oid source_database;
    std::string source_database_name;
    oid target_database;
    int source_version = 0; // 150020
    int target_version = 0;
    conflict_setup conflicts;
    bool tells_seen = false; // the streams of both nodes tell what their writers had seen (R13)
    bool ddl = false;        // of the source is carried out
    bool ddl_told = false;   // the target tells its own
    ddl::filter ddl_filter;  // what of it is not carried out
    schema_evolution evolution = schema_evolution::none;
    orphan_policy foreign_keys = orphan_policy::report;
    bool replica_role = true; // session_replication_role=replica may be set on the target
    bool origins = true; // the target's sessions have a replication origin; false: --origin-column
    bool origin_none = false; // the source's server filters origins (16+, no foreign origin there)

    std::shared_ptr<row_transform_entries const> transforms; // of changes of the source; null: none

    // Of a connector, which names them itself; empty: tandem's own.
    std::string slot;
    std::string publication;

    std::uint32_t batch_rows = 0;
    std::size_t batch_bytes = 0;
    std::shared_ptr<tuning const>
        tuned; // has the two and batch_delay as they are now; null: they stay
    std::size_t queue_bytes = 0;
    std::string spool_folder; // for large transactions while they are open; empty: they come whole
    std::chrono::milliseconds batch_delay{0};
    std::chrono::milliseconds max_clock_skew{0};
    std::chrono::milliseconds conflict_retention{0}; // at the target; 0: for good
    bool sync_commit = false;
};

[[nodiscard]] inline std::uint32_t batch_rows_now(direction_setup const& setup) noexcept {
    return setup.tuned ? setup.tuned->batch_rows.load(std::memory_order_relaxed) : setup.batch_rows;
}
[[nodiscard]] inline std::size_t batch_bytes_now(direction_setup const& setup) noexcept {
    return setup.tuned ? std::min(setup.tuned->batch_bytes.load(std::memory_order_relaxed),
                                  setup.queue_bytes / 2)
                       : setup.batch_bytes;
}
[[nodiscard]] inline std::chrono::milliseconds batch_delay_now(
    direction_setup const& setup) noexcept {
    return setup.tuned ? setup.tuned->batch_delay.load(std::memory_order_relaxed)
                       : setup.batch_delay;
}

// What the source's changes are read from.
[[nodiscard]] inline std::string slot_of(direction_setup const& setup) {
    return setup.slot.empty()
               ? slot_name(setup.source.name, setup.target.name, setup.source_database)
               : setup.slot;
}

// As people write it: --foreign-keys.
[[nodiscard]] inline char const* orphan_policy_name(orphan_policy policy) noexcept {
    switch (policy) {
    case orphan_policy::null_child:
        return "null-child";
    case orphan_policy::drop_child:
        return "drop-child";
    case orphan_policy::restore_parent:
        return "restore-parent";
    case orphan_policy::report:
        break;
    }
    return "report";
}

// What the directions of one process tell each other of a node. WAL that our bookkeeping has written there, so that the
// direction which reads the node's stream does not take it for work; the node's own deletes.
struct node_bookkeeping {
    std::atomic<std::uint64_t> wal_bytes{0};
    node_deletes deletes;
};

} // namespace tandem::engine
