#pragma once
// A JDBC sink's task: topics into the tables of a PostgreSQL database.
//
// What was read is written in batches, each in one transaction that also stores how far every partition was read
// (tandem_connect.sink_offset): what was written is not written again, whatever ends. The session owns a replication
// origin: a source that reads this database does not send it back.

#include "engine/connect/flow/task.hpp"
#include "engine/connect/sink_batch.hpp"
#include "engine/connect/sink_settings.hpp"
#include "engine/core/foreign_rows.hpp"
#include "engine/flow/supervised.hpp"
#include "io/kafka/consumer.hpp"
#include "io/runtime/awaitable.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::connect {

class sink_task final : public engine::supervised {
public:
    // `stats` outlive it.
    sink_task(task_setup setup, sink_settings settings, engine::direction_stats& stats);
    ~sink_task() override;

private:
    using voided = engine::outcome_of<void>;
    struct parts;
    struct topic_rows; // what is known of one

    [[nodiscard]] topic_rows& topic_of(parts& with, std::string_view name) const;
    [[nodiscard]] bool passes_tombstones(topic_rows const& of) const;
    [[nodiscard]] io::awaitable<engine::failure> stream() override;
    [[nodiscard]] io::awaitable<voided> open(parts& into);
    [[nodiscard]] io::awaitable<voided> take_database(parts& into);
    // Partitions that are this task's, where they were left.
    [[nodiscard]] io::awaitable<engine::outcome_of<bool>> assign(parts& with);
    [[nodiscard]] io::awaitable<voided> begin_at_ends(
        parts& with, std::set<std::pair<std::string, std::int32_t>> const& among);
    [[nodiscard]] io::awaitable<engine::failure> run_parts(parts& with);
    [[nodiscard]] io::awaitable<engine::failure> read(parts& with);
    [[nodiscard]] io::awaitable<engine::failure> watch_stop(parts& with);
    [[nodiscard]] io::awaitable<engine::failure> pulse(parts& with);
    [[nodiscard]] io::awaitable<voided> take(parts& with, io::kafka::fetched_record record);
    // Of a record without schema blocks that nothing changes, straight from its JSON.
    [[nodiscard]] io::awaitable<voided> take_plain(parts& with, io::kafka::fetched_record record);
    [[nodiscard]] io::awaitable<voided> take_changed(parts& with, io::kafka::fetched_record record);
    [[nodiscard]] io::awaitable<engine::outcome_of<sink_table const*>> table(parts& with,
                                                                             sink_table_name name);
    [[nodiscard]] io::awaitable<voided> evolve(parts& with, sink_table_name name);
    [[nodiscard]] io::awaitable<voided> truncate(parts& with, sink_table_name name);
    [[nodiscard]] io::awaitable<voided> flush(parts& with);
    // The batch is of these, and empty then.
    [[nodiscard]] io::awaitable<voided> write(parts& with, std::vector<sink_statement> statements);
    [[nodiscard]] io::awaitable<voided> execute(parts& with,
                                                std::vector<sink_statement> statements);
    [[nodiscard]] engine::failure refused(io::kafka::fetched_record const& record,
                                          std::string const& why) const;

    task_setup const setup_;
    sink_settings const settings_;
};

// Error: config.
[[nodiscard]] outcome<task> make_sink_task(task_setup const& setup);

} // namespace tandem::connect
