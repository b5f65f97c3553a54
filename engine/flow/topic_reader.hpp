#pragma once
// Reads a partition that other writers fill into the window: each of its records is a transaction.

#include "codecs/base/arena.hpp"
#include "engine/core/foreign_rows.hpp"
#include "engine/flow/direction_link.hpp"
#include "engine/flow/failure.hpp"
#include "engine/flow/foreign_tables.hpp"
#include "engine/flow/topic_sink.hpp"
#include "engine/flow/window_writer.hpp"
#include "io/kafka/consumer.hpp"
#include "io/runtime/awaitable.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace tandem::engine {

// One per start of a sink.
class topic_reader {
public:
    // References outlive it.
    topic_reader(direction_link& link, io::kafka::consumer& source, foreign_tables& tables,
                 topic_source const& from);

    // Behind what the target's progress says; from the log's beginning where that says nothing.
    [[nodiscard]] io::awaitable<failure> run();
    // The end of the log was reached, at least once.
    [[nodiscard]] bool at_end() const noexcept { return at_end_; }

private:
    using voided = outcome_of<void>;

    [[nodiscard]] io::awaitable<voided> take_all();
    [[nodiscard]] io::awaitable<voided> take(io::kafka::fetched_record record);
    [[nodiscard]] io::awaitable<voided> make_room();
    [[nodiscard]] io::awaitable<void> apply_the_rest();
    [[nodiscard]] voided after_failure(io::kafka::partition_event const& failed) const;
    [[nodiscard]] voided write(io::kafka::fetched_record const& record, foreign_change made);
    [[nodiscard]] failure refused(io::kafka::fetched_record const& record,
                                  std::string const& why) const;

    direction_link& link_;
    io::kafka::consumer& source_;
    foreign_tables& tables_;
    topic_source const& from_;
    foreign_rows rows_;
    window_writer writer_;
    io::kafka::fetched_batch batch_;
    arena bytes_; // of one record
    std::vector<io::kafka::header> headers_;
    std::string key_room_;
    std::string value_room_;
    bool at_end_ = false;
};

} // namespace tandem::engine
