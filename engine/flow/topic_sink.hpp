#pragma once
// One partition of a topic that other writers fill (Debezium's source, an own producer) into the tables of a node.
//
// Its records are applied as a stream's transactions are: in batches that coalesce, each with the place in the log that
// it reaches, in one transaction of the target. Record N is the transaction that ends at position N + 2, so that the
// next one to read follows from tandem.progress. What is written bears the stream's replication origin: a tandem that
// reads this node does not send it on (R16).

#include "engine/core/foreign_rows.hpp"
#include "engine/flow/direction_setup.hpp"
#include "engine/flow/kafka_setup.hpp"
#include "engine/flow/supervised.hpp"
#include "io/runtime/awaitable.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace tandem::engine {

struct direction_link;
struct direction_memory;
class topic_reader;

struct topic_source {
    std::string topic;
    std::int32_t partition = 0;
    bool alone = true; // it is the topic's only one
    foreign_format format;
};

class topic_sink final : public supervised {
public:
    // `setup.source.name` names the stream in tandem.progress: one for each partition, kept from start to start.
    // References outlive it.
    topic_sink(direction_setup setup, kafka_setup kafka, topic_source from, direction_stats& stats,
               node_bookkeeping& source_wal, node_bookkeeping& target_wal);
    ~topic_sink() override;

private:
    struct parts;

    [[nodiscard]] io::awaitable<failure> stream() override;
    [[nodiscard]] io::awaitable<outcome_of<void>> open(parts& into);
    [[nodiscard]] io::awaitable<failure> run_parts(parts& with);
    [[nodiscard]] io::awaitable<failure> watch_end(direction_link& link, parts& with,
                                                   topic_reader& reader);

    direction_setup const setup_;
    kafka_setup const kafka_;
    topic_source const from_;
    node_bookkeeping& source_wal_;
    node_bookkeeping& target_wal_;
    std::unique_ptr<direction_memory> memory_;
    std::optional<std::int64_t> epoch_;
    std::optional<lsn> careful_at_;
};

} // namespace tandem::engine
