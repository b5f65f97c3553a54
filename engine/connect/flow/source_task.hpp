#pragma once
// A PostgresConnector's task: from a slot into Debezium's topics.

#include "engine/connect/flow/task.hpp"
#include "engine/connect/source_settings.hpp"
#include "engine/connect/source_transforms.hpp"
#include "engine/flow/direction_setup.hpp"
#include "engine/flow/supervised.hpp"
#include "io/kafka/producer.hpp"
#include "io/runtime/awaitable.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace tandem::engine {
struct direction_link;
struct direction_memory;
} // namespace tandem::engine

namespace tandem::connect {

class source_writer;

class source_task final : public engine::supervised {
public:
    // `stats` outlive it.
    source_task(task_setup setup, source_settings settings,
                std::unique_ptr<source_transforms> transforms, engine::direction_stats& stats);
    ~source_task() override;

private:
    struct parts;

    [[nodiscard]] io::awaitable<engine::failure> stream() override;
    void change_way(engine::next_step how) override;
    [[nodiscard]] io::awaitable<engine::outcome_of<void>> open(parts& into);
    // The slot advanced to the offset, where that is behind it.
    [[nodiscard]] io::awaitable<engine::outcome_of<void>> begin_at_offset(parts& with);
    [[nodiscard]] io::awaitable<engine::failure> run_parts(parts& with);
    [[nodiscard]] io::awaitable<engine::failure> confirm_loop(engine::direction_link& link,
                                                              parts& with, source_writer& writer);
    void tell_topics(parts& with, source_writer& writer);
    [[nodiscard]] static io::awaitable<void> settle(parts& with);
    void tell_offset(parts& with, source_writer const& writer);
    static void drop_settled(parts& with);
    // `chunks`: number of the state of chunks in it; 0: none.
    void send(parts& with, std::string const& topic, int partitions, std::string key,
              std::string value, std::uint64_t chunks = 0);
    [[nodiscard]] io::awaitable<engine::outcome_of<void>> beat(parts& with, source_writer& writer);

    task_setup const setup_;
    source_settings const settings_;
    std::unique_ptr<source_transforms> transforms_; // null: records go as they are encoded
    engine::node_stats node_stats_;
    engine::direction_setup direction_;
    std::unique_ptr<engine::direction_memory> memory_;
    bool begun_ = false; // changes were captured, so nothing is read before them
    bool noted_ = false;
    std::optional<std::string> chunks_; // what the last stream of this process left of a snapshot
};

// Error: config.
[[nodiscard]] outcome<task> make_source_task(task_setup const& setup);

} // namespace tandem::connect
