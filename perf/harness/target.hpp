// What carries rows from master to master: tandem, or one of its peers. Set up by the harness itself.
#pragma once

#include "perf/harness/masters.hpp"
#include "perf/harness/processes.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tandem::perf {

struct target_wanted {
    std::string name;             // one of target_names()
    std::string flags;            // more words for tandem run
    std::filesystem::path binary; // of tandem
    std::filesystem::path folder; // of logs
    std::string database;
    std::vector<std::string> tables;
    bool a_to_b = true;
    bool b_to_a = true;
    bool durable = false; // synchronous_commit of what it applies
    std::string brokers;  // of Kafka; "": its own
};

// Of what a target tells of itself; nothing where it does not.
struct told {
    std::optional<double> captured;
    std::optional<double> applied;
    std::optional<double> echoes;
    std::optional<double> conflicts;
};

class target {
public:
    virtual ~target() = default;
    // Between databases that have the tables and the same rows; nothing runs afterwards, all that is written from here on
    // is carried.
    virtual void set_up() = 0;
    virtual void start() = 0;
    // Once the source knows what was applied: the next start does not begin before it.
    virtual void stop() = 0;
    virtual void tear_down() = 0;
    virtual parts processes() { return {}; }
    virtual told figures() { return {}; }
    // Dies without notice and comes back, for chaos.
    virtual void crash();
};

[[nodiscard]] std::unique_ptr<target> make_target(target_wanted const& wanted, masters& servers);
[[nodiscard]] std::vector<std::string> const& target_names();
// Lines of postgresql.conf that this target needs at masters that are made here.
[[nodiscard]] std::vector<std::string> settings_for(std::string const& target_name, bool durable);
// Why this target can't do it with these masters; "": it can.
[[nodiscard]] std::string refusal(target_wanted const& wanted, int server_version);

// Waits until the slots of the database have confirmed all that is committed now.
void wait_confirmed(masters const& servers, std::string const& database,
                    std::string const& slots_like);

} // namespace tandem::perf
