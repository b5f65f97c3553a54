#pragma once
// Makes tables equal that were not when their stream began, or that somebody
// asked for, while the directions run.
//
// A thread of its own; what is to be done is kept in a database
// (engine/admin/sync_tasks.hpp), so whoever serves next goes on with it, from a
// fresh comparison. Nothing here writes rows across: see
// engine/admin/repair.hpp.

#include "engine/admin/pair_verifier.hpp"
#include "engine/admin/sync_tasks.hpp"
#include "engine/config/options.hpp"
#include "engine/flow/table_watcher.hpp"
#include "io/runtime/awaitable.hpp"

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace tandem::engine {

class first_syncer {
public:
    // Both must outlive it.
    first_syncer(options const& set, table_checks& checks);
    ~first_syncer();
    first_syncer(first_syncer const&) = delete;
    first_syncer& operator=(first_syncer const&) = delete;

    void start();
    // Whatever is on its way is left: statements are whole transactions.
    void stop();
    // It has looked, and nothing is left to be done.
    [[nodiscard]] bool settled() const noexcept { return settled_.load(); }

private:
    struct pass_so_far {
        std::int64_t different = 0; // before it
        std::int64_t repaired = 0;
        std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
        std::chrono::steady_clock::time_point said_at = began;
    };

    [[nodiscard]] io::awaitable<void> run();
    [[nodiscard]] io::awaitable<void> watch();
    // Whether there was anything to do.
    [[nodiscard]] io::awaitable<bool> look();
    [[nodiscard]] io::awaitable<void> carry_out(std::vector<sync_task> tasks);
    [[nodiscard]] io::awaitable<void> told(sync_task& task, pass_so_far& pass, verify_progress now);
    [[nodiscard]] io::awaitable<void> waits_for(sync_task& task, std::string stream);
    [[nodiscard]] io::awaitable<bool> parked_for_long(workbench& bench, table_choice const& choice,
                                                      chosen_table const& table, sync_task& task);
    [[nodiscard]] io::awaitable<std::optional<table_comparison>> pass_over(
        workbench& bench, table_choice const& choice, chosen_table const& table, sync_task& task,
        std::string deleted_at);
    [[nodiscard]] io::awaitable<void> fill(workbench& bench, table_choice const& choice,
                                           chosen_table const& table, sync_task& task);
    [[nodiscard]] io::awaitable<void> failed(sync_task& task, std::string why);
    [[nodiscard]] io::awaitable<void> make_equal(workbench& bench, table_choice const& choice,
                                                 sync_task task);

    options const& set_;
    table_watcher watcher_; // of the tables, while there is nothing else to do
    std::unique_ptr<session> keeper_;
    std::atomic<bool> settled_{false};
    bool working_ = false;   // there is something to do
    std::string told_;       // the last complaint
    std::string watch_told_; // the same of the watcher
    std::optional<io::asio::io_context> context_;
    std::thread thread_;
};

} // namespace tandem::engine
