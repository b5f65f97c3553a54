#pragma once
// The first half of a direction through Kafka: from the source's slot into the stream's topic. It needs the source and
// Kafka, and knows of the target what the target's half tells through Kafka.

#include "engine/flow/direction_setup.hpp"
#include "engine/flow/kafka_setup.hpp"
#include "engine/flow/supervised.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/awaitable.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace tandem::io::kafka {
class fetched_batch;
}

namespace tandem::engine {

class log_writer;
struct direction_link;
struct direction_memory;

class sending final : public supervised {
public:
    // References outlive it.
    sending(direction_setup setup, kafka_setup kafka, direction_stats& stats,
            node_stats& source_stats, node_bookkeeping& source_wal, node_bookkeeping& target_wal);
    ~sending() override;

private:
    struct parts;
    struct confirmed_by;

    [[nodiscard]] io::awaitable<failure> stream() override;
    [[nodiscard]] io::awaitable<failure> stream_once();
    [[nodiscard]] io::awaitable<std::string> what_waits();
    void change_way(next_step how) override;
    [[nodiscard]] io::awaitable<outcome_of<void>> open(parts& into);
    [[nodiscard]] io::awaitable<outcome_of<void>> take(parts& into);
    [[nodiscard]] io::awaitable<outcome_of<void>> join_log(parts& into);
    [[nodiscard]] io::awaitable<failure> run_parts(parts& with);
    [[nodiscard]] outcome_of<void> hear(parts& with, lsn sent, io::kafka::fetched_batch& batch,
                                        confirmed_by& known);
    [[nodiscard]] io::awaitable<outcome_of<bool>> answer(parts& with, std::string reader);
    [[nodiscard]] io::awaitable<failure> confirm_loop(direction_link& link, parts& with,
                                                      log_writer& writer);

    // Once to the log and to the status, whatever it is told again.
    [[nodiscard]] std::function<void(std::string const&)> warning();

    direction_setup const setup_;
    kafka_setup const kafka_;
    node_stats& source_stats_;
    node_bookkeeping& source_wal_;
    node_bookkeeping& target_wal_;
    std::unique_ptr<direction_memory> memory_;
    std::optional<std::int64_t> epoch_;
    bool whole_ = false;
    bool use_tail_ = true; // of the log, at the next start
};

} // namespace tandem::engine
