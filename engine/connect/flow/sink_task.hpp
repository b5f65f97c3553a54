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
    struct known_table;
    struct place; // in a partition
    struct load;
    struct in_hand;
    // What the record in hand is.
    enum class heed : std::uint8_t { nothing, row, truncate };

    [[nodiscard]] io::awaitable<engine::failure> stream() override;
    [[nodiscard]] io::awaitable<voided> open(parts& into);
    [[nodiscard]] io::awaitable<voided> take_database(parts& into);
    // Partitions that are this task's, where they were left.
    [[nodiscard]] io::awaitable<engine::outcome_of<bool>> assign(parts& with);
    [[nodiscard]] io::awaitable<voided> begin_at_ends(
        parts& with, std::set<std::pair<std::string, std::int32_t>> const& among);
    [[nodiscard]] io::awaitable<engine::failure> run_parts(parts& with);
    [[nodiscard]] io::awaitable<engine::failure> watch_stop(parts& with);
    [[nodiscard]] io::awaitable<engine::failure> pulse(parts& with);

    // The reader's.
    [[nodiscard]] io::awaitable<engine::failure> read(parts& with);
    [[nodiscard]] io::awaitable<voided> take_all(parts& with, io::kafka::fetched_batch& fetched);
    [[nodiscard]] voided after_failure(io::kafka::partition_event const& failed) const;
    void note_from(parts& with, io::kafka::fetched_record const& record) const;
    void note_taken(parts& with, io::kafka::fetched_record const& record) const;
    [[nodiscard]] engine::outcome_of<heed> look(parts& with,
                                                io::kafka::fetched_record const& record) const;
    // Of a record without schema blocks that nothing changes, straight from its JSON.
    [[nodiscard]] engine::outcome_of<heed> look_plain(
        parts& with, io::kafka::fetched_record const& record) const;
    [[nodiscard]] engine::outcome_of<heed> look_changed(
        parts& with, io::kafka::fetched_record const& record) const;
    [[nodiscard]] outcome<void> note_table(parts& with, std::string_view topic,
                                           std::string_view schema, std::string_view table) const;
    // Its row into the batch; or it turns out to be a truncate.
    [[nodiscard]] engine::outcome_of<heed> put(parts& with,
                                               io::kafka::fetched_record const& record) const;
    [[nodiscard]] bool is_ready(parts const& with) const;
    [[nodiscard]] bool passes_tombstones(topic_rows const& of) const;
    [[nodiscard]] engine::failure refused(io::kafka::fetched_record const& record,
                                          std::string const& why) const;
    // What is there of the table, made and evolved where that is wanted.
    [[nodiscard]] io::awaitable<voided> prepare(parts& with, io::kafka::fetched_record record);
    [[nodiscard]] io::awaitable<voided> know(parts& with, known_table& table);
    [[nodiscard]] io::awaitable<voided> evolve(parts& with, known_table& table);
    [[nodiscard]] io::awaitable<voided> truncate(parts& with);
    // To the writer, when it has done what it had before.
    [[nodiscard]] io::awaitable<voided> hand_over(parts& with);
    // Until all is written.
    [[nodiscard]] io::awaitable<voided> drain(parts& with);

    // The writer's.
    [[nodiscard]] io::awaitable<engine::failure> write_all(parts& with);
    [[nodiscard]] io::awaitable<voided> write(parts& with, load const& what);
    // `refused`: the table of a COPY that failed, and then nothing is written.
    [[nodiscard]] io::awaitable<voided> execute(parts& with, load const& what,
                                                std::vector<sink_statement> statements,
                                                std::string& refused);

    task_setup const setup_;
    sink_settings const settings_;
};

// Error: config.
[[nodiscard]] outcome<task> make_sink_task(task_setup const& setup);

} // namespace tandem::connect
