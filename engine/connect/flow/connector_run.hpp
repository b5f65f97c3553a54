#pragma once
// One connector as it runs here: its tasks' threads, brought from what they are to what they are wanted to be, step by step
// and without waiting.

#include "engine/connect/config_state.hpp"
#include "engine/connect/flow/task.hpp"
#include "engine/connect/status_state.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace tandem::connect {

class connector_run {
public:
    // `make` outlives it.
    connector_run(std::string name, task_maker const& make);
    // Its tasks have ended: see idle().
    ~connector_run();
    connector_run(connector_run const&) = delete;
    connector_run& operator=(connector_run const&) = delete;

    // What it is wanted to be. `tasks`: one for each task; empty where its class is not known: `problem` says so.
    struct wanted {
        target_state target = target_state::started;
        std::vector<task_setup> tasks;
        std::string problem; // it cannot be started
        // How far it has come, asked for when a task starts.
        std::function<std::vector<connector_offset>()> offsets;
    };
    void want(wanted what);
    // All of them, or those that failed; or one.
    void restart(bool only_failed);
    void restart_task(int number);
    // For good, unless it is wanted again.
    void end();
    [[nodiscard]] bool ended() const noexcept { return ended_; }

    // Starts and stops what is due.
    void step();
    // No task is left.
    [[nodiscard]] bool idle() const noexcept { return tasks_.empty(); }

    struct told {
        run_state state = run_state::unassigned;
        std::string trace;

        friend bool operator==(told const&, told const&) = default;
    };
    [[nodiscard]] told connector() const;
    [[nodiscard]] std::map<int, told> tasks() const;

private:
    struct running {
        task what;
        std::thread thread;
        std::atomic<bool> ended{false};
        std::string refused; // why it could not be made
        bool stopping = false;

        void start();
    };

    void start_task(task_setup const& setup);
    void stop_task(running& one);

    std::string const name_;
    task_maker const& make_;
    wanted want_;
    bool ended_ = false;
    std::map<int, std::unique_ptr<running>> tasks_;
    std::set<int> stale_; // to be stopped before they may be started again
};

} // namespace tandem::connect
