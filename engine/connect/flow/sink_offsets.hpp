#pragma once
// How far a sink has come, which its database knows: tandem_connect.sink_offset.

#include "engine/connect/offset_state.hpp"
#include "engine/connect/task_setup.hpp"
#include "engine/flow/failure.hpp"
#include "io/runtime/awaitable.hpp"

#include <vector>

namespace tandem::connect {

// Makes room for them where there is none.
inline constexpr char const* make_offsets_table =
    "DO $$ BEGIN CREATE SCHEMA IF NOT EXISTS tandem_connect; CREATE TABLE IF NOT EXISTS "
    "tandem_connect.sink_offset (connector text, topic text, partition integer, next_offset bigint NOT NULL, source text NOT NULL, commit_lsn pg_lsn NOT NULL, "
    "number bigint NOT NULL, PRIMARY "
    "KEY (connector, topic, partition)); EXCEPTION WHEN unique_violation OR duplicate_table OR duplicate_schema THEN "
    "NULL; END $$";

// As Connect tells a sink's: {"kafka_topic":..,"kafka_partition":..} and {"kafka_offset":..}, the next to be read. None
// where it never ran. `of`: one of its tasks.
[[nodiscard]] io::awaitable<engine::outcome_of<std::vector<connector_offset>>> read_sink_offsets(
    task_setup const& of);
// Those partitions, or all where none is named, which are forgotten. Nothing of the sink may run.
[[nodiscard]] io::awaitable<engine::outcome_of<void>> alter_sink_offsets(
    task_setup const& of, std::vector<connector_offset> const& altered);

} // namespace tandem::connect
