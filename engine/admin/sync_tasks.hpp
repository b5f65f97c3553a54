#pragma once
// Tables that are to be made equal while the sync runs: those that differed
// when their stream began, and those that somebody asked for. Kept in
// tandem.first_sync of one node until it is done, whoever is killed meanwhile.

#include "engine/admin/session.hpp"
#include "engine/config/options.hpp"

#include <optional>
#include <string>
#include <vector>

namespace tandem::engine {

// A task's `why`: a table whose stream begins, and one whose stream lost something.
inline constexpr char const* first_sync_task = "first sync";
inline constexpr char const* gap_task = "gap";

struct sync_task {
    std::string schema;
    std::string name;
    std::string why;               // "first sync", "resync", "gap"
    std::string follow;            // the node that is right; empty: the newer version
    std::string deleted_at;        // see repair_rules; a node
    bool peer_deletes = false;     // see repair_rules; where nothing began: filled_deletes
    std::string state = "waiting"; // running, done, failed
    std::int64_t rows = 0;
    double part = 0;            // of this pass
    std::int64_t different = 0; // that were found so far
    std::int64_t repaired = 0;
    std::string said; // why it does not come to its end
    std::string asked_at;
    std::string ended_at;
    std::string seconds; // it has taken

    [[nodiscard]] std::string display() const;
};

// The node that keeps them.
[[nodiscard]] node_options const& task_keeper(options const& set) noexcept;

// Each begins anew.
[[nodiscard]] awaitable<void> ask_for(session& keeper, std::vector<sync_task> tasks);
// `open`: only those that are not done. None where there never was one.
[[nodiscard]] awaitable<std::vector<sync_task>> read_tasks(session& keeper, bool open);
[[nodiscard]] awaitable<void> note_task(session& keeper, sync_task task);
// Before an empty copy is filled; see repair_rules. Kept for whoever goes on with it.
[[nodiscard]] awaitable<void> note_peer_deletes(session& keeper, sync_task task);

[[nodiscard]] std::string tasks_text(std::vector<sync_task> const& tasks);
[[nodiscard]] std::string tasks_json(std::vector<sync_task> const& tasks);

} // namespace tandem::engine
