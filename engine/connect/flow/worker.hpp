#pragma once
// A Connect worker: its topics say which connectors there are; it runs them and says how they are.

#include "engine/connect/flow/connector_run.hpp"
#include "engine/connect/flow/state_topics.hpp"
#include "engine/connect/validation.hpp"
#include "engine/connect/worker_setup.hpp"
#include "io/runtime/awaitable.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::connect {

// One executor thread, but for the tasks' own.
class worker {
public:
    worker(io::asio::any_io_executor executor, worker_setup setup, task_maker make);
    ~worker();

    // Reads what there is; then connectors run. Once.
    [[nodiscard]] io::awaitable<engine::outcome_of<void>> open();
    // Until stopped, or something ends it that does not pass by itself.
    [[nodiscard]] io::awaitable<engine::failure> run();
    // Ends the tasks, then run().
    void stop() noexcept { stopping_ = true; }

    [[nodiscard]] bool ready() const noexcept { return ready_; }
    [[nodiscard]] worker_setup const& setup() const noexcept { return setup_; }
    [[nodiscard]] state_topics& topics() noexcept { return topics_; }
    [[nodiscard]] config_state const& configs() const noexcept { return topics_.configs(); }
    [[nodiscard]] status_state const& statuses() const noexcept { return topics_.statuses(); }
    // Null: it does not run here, but perhaps on another worker.
    [[nodiscard]] connector_run* find(std::string_view connector);
    // What secrets a configuration points to. Error: config.
    [[nodiscard]] outcome<property_map> resolved(property_map const& config) const {
        return resolve_references(config, setup_.providers);
    }

private:
    [[nodiscard]] io::awaitable<engine::failure> tend();
    using clock = std::chrono::steady_clock;

    void changed(config_state::told const& what);
    void beat();
    // Runs it here, or not, by whose it is.
    void place(std::string const& name);
    void place_all();
    // Whoever had it has let go, or has had the time to.
    [[nodiscard]] bool is_free(std::string const& name, clock::time_point asked) const;
    void release(std::string const& name);
    void want(std::string const& name, connector_entry const& entry);
    void keep_tasks(std::string const& name, connector_entry const& entry);
    void tell();
    void tell(std::string const& name, connector_run const& one);
    // What runs here and the topic tells otherwise is told again: another worker wrote after this one.
    void insist();
    [[nodiscard]] run_status status_of(std::string const& name,
                                       connector_run::told const& told) const;
    [[nodiscard]] bool is_known_so(std::string const& name) const;
    void forget(std::string const& name);

    io::asio::any_io_executor executor_;
    worker_setup const setup_;
    task_maker const make_;
    state_topics topics_;
    std::map<std::string, std::unique_ptr<connector_run>, std::less<>> runs_;
    struct said {
        std::optional<connector_run::told> connector;
        std::map<int, connector_run::told> tasks;
        bool fresh = true;
    };
    std::map<std::string, said, std::less<>> said_;                 // last, by connector
    std::map<std::string, clock::time_point, std::less<>> awaited_; // mine, once they are free
    std::uint64_t placed_for_ = 0;                                  // version of the membership
    std::uint64_t beats_ = 0;
    clock::time_point beaten_at_{};
    std::int64_t generation_ = 1;
    bool ready_ = false;
    bool stopping_ = false;
};

} // namespace tandem::connect
