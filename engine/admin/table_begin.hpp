#pragma once
// What becomes of tables whose stream begins (--first-sync): an empty copy is
// filled by COPY, copies that differ are left to the running instance, which
// makes them equal (sync_tasks.hpp), or nothing begins.

#include "engine/admin/plan.hpp"
#include "engine/admin/slots.hpp"
#include "engine/admin/sync_tasks.hpp"
#include "engine/admin/workbench.hpp"
#include "engine/config/options.hpp"

#include <string>
#include <vector>

namespace tandem::engine {

class table_begin {
public:
    // All must outlive it; `plan` may be filled later.
    table_begin(options const& set, workbench& bench, init_plan const& plan,
                std::vector<std::string>& notes)
        : set_{set}, bench_{bench}, plan_{plan}, notes_{notes} {}

    // Differing tables are made equal. Otherwise they are refused by name, or
    // left as they are.
    [[nodiscard]] bool merges() const noexcept;
    // An empty copy is filled.
    [[nodiscard]] bool copies() const noexcept;
    [[nodiscard]] bool refuses() const noexcept;

    // Before anything exists: most refusals end here, with nothing to undo.
    [[nodiscard]] awaitable<void> check_before();
    // In transactions of the caller, who has locked this table on both nodes.
    [[nodiscard]] awaitable<void> check_locked(std::string table);
    // It is published from now on.
    [[nodiscard]] awaitable<void> added(std::string table);
    // Exactly what was committed before the slots begin; the rest is in the
    // streams.
    [[nodiscard]] awaitable<void> at_start(std::vector<new_slot> const& slots);

private:
    [[nodiscard]] awaitable<void> open_transactions(std::vector<new_slot> const* slots);
    [[nodiscard]] awaitable<void> close_transactions();
    [[nodiscard]] awaitable<void> compare_all(std::string only);
    [[nodiscard]] awaitable<std::string> begin(stream_plan const& stream, chosen_table const& table,
                                               std::vector<new_slot> const& slots);
    [[nodiscard]] awaitable<bool> copied(std::string source, std::string target,
                                         chosen_table const& table, bool forward,
                                         std::vector<new_slot> const& slots);
    [[nodiscard]] awaitable<void> leave_to_instance(std::vector<sync_task> tasks);
    [[nodiscard]] sync_task task_of(chosen_table const& table) const;

    options const& set_;
    workbench& bench_;
    init_plan const& plan_;
    std::vector<std::string>& notes_;
    std::vector<sync_task> tasks_;
};

} // namespace tandem::engine
