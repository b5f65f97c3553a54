#pragma once
// The second half of a direction through Kafka: from the stream's topic into the target. It needs the target and Kafka.

#include "engine/flow/direction_setup.hpp"
#include "engine/flow/kafka_setup.hpp"
#include "engine/flow/supervised.hpp"
#include "io/runtime/awaitable.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace tandem::engine {

class dead_letters;
class log_reader;
struct direction_link;
struct direction_memory;

class receiving final : public supervised {
public:
    // References outlive it.
    receiving(direction_setup setup, kafka_setup kafka, direction_stats& stats,
              node_bookkeeping& source_wal, node_bookkeeping& target_wal);
    ~receiving() override;

private:
    struct parts;

    [[nodiscard]] io::awaitable<failure> stream() override;
    [[nodiscard]] io::awaitable<outcome_of<void>> open(parts& into);
    [[nodiscard]] io::awaitable<failure> run_parts(parts& with);
    [[nodiscard]] io::awaitable<failure> watch_log(log_reader& reader);
    [[nodiscard]] io::awaitable<failure> tell_progress(direction_link& link, parts& with,
                                                       log_reader& reader);

    direction_setup const setup_;
    kafka_setup const kafka_;
    node_bookkeeping& source_wal_;
    node_bookkeeping& target_wal_;
    std::unique_ptr<direction_memory> memory_;
    std::unique_ptr<dead_letters> letters_;
    std::optional<std::int64_t> epoch_;
    std::optional<lsn> careful_at_;
};

} // namespace tandem::engine
