#pragma once
// Compares tables of two nodes while both are written, and repairs them: what verify, the first sync and resync have in common.

#include "engine/admin/compare.hpp"
#include "engine/admin/fence.hpp"
#include "engine/admin/repair.hpp"
#include "engine/admin/settle_keys.hpp"
#include "engine/admin/workbench.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace tandem::engine {

// Changes that this node refused of the table, or of its name at the other side.
[[nodiscard]] awaitable<bool> any_parked(session& at, std::string schema, std::string table);
// The same of either node.
[[nodiscard]] awaitable<bool> parked_anywhere(workbench& bench, table_choice const& choice,
                                              chosen_table const& table);

struct verify_progress {
    std::int64_t rows = 0; // of the fuller side
    double part = 0;       // of them that were looked at, of chunks that differ
    std::int64_t different = 0;
    std::int64_t repaired = 0;
    std::int64_t undecided = 0; // a stream was late: nobody knows
};

struct verify_wish {
    std::size_t keys_max = 20;
    int pace = at_full_pace;                    // percent of its time that each server works at it
    std::chrono::milliseconds patience{60'000}; // with each fence
    text_sink repairs;                          // takes the SQL of --repair; empty: nobody wants it
    bool apply = false;
    bool insists = false; // a stream that nobody serves is late; so it is where a repair is wanted
    repair_wish how;
    std::function<awaitable<void>(verify_progress)> progress; // empty: nobody wants it
    // A table is begun: which, its number from 1 on, and how many there are. Empty: the same.
    std::function<void(std::string const&, std::size_t, std::size_t)> begins;
    stream_fence::waiting_sink waiting; // the same
};

class pair_verifier {
public:
    // All must outlive it.
    pair_verifier(workbench& bench, options const& set, table_choice const& choice,
                  verify_wish const& wish);

    // Throws command_failed where a repair is wanted and not all streams run.
    [[nodiscard]] awaitable<void> open(io::asio::any_io_executor executor);
    [[nodiscard]] awaitable<table_comparison> compare(chosen_table const& table);
    // Waits until the streams have passed what was sent again.
    [[nodiscard]] awaitable<void> close();

    [[nodiscard]] stream_fence const& fence() const noexcept { return fence_; }

private:
    [[nodiscard]] awaitable<session> open_scan(io::asio::any_io_executor executor,
                                               std::string name);
    [[nodiscard]] awaitable<void> settle(chosen_table const& table, compared_pair const& tables,
                                         std::vector<differing_key> keys, table_comparison& found);
    [[nodiscard]] awaitable<settled_keys> settled_of(compared_pair const& tables,
                                                     std::vector<differing_key> keys,
                                                     table_comparison& found);
    [[nodiscard]] awaitable<void> repair(chosen_table const& table, compared_pair const& tables,
                                         std::vector<settled_key> left, table_comparison& found);

    workbench& bench_;
    options const& set_;
    table_choice const& choice_;
    verify_wish const& wish_;
    stream_fence fence_;
    repairer repairs_;
    io::asio::any_io_executor executor_;
    bool repairing_ = false;     // the repairer has begun
    std::vector<session> scans_; // of the source, of the target
};

} // namespace tandem::engine
