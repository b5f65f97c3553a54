#pragma once
// The topics of a stream: made where they are missing, refused by name where they are others.

#include "codecs/event/stream_notes.hpp"
#include "engine/core/row_layout.hpp"
#include "engine/flow/failure.hpp"
#include "engine/flow/kafka_setup.hpp"
#include "io/kafka/admin.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/awaitable.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tandem::engine {

struct wanted_topic {
    std::string name;
    std::size_t partitions = 1;
};

// A stream's, as its writer found or made them.
struct stream_topics {
    std::vector<wanted_topic> all;
    std::size_t limit =
        0; // of a record, see record_limit(): what each of them takes but that of the progress
    row_layout layout;                      // of no table: rows are in the stream's topic
    std::vector<event::row_partition> rows; // by the layout's numbers, with their ends
};

// A topic that can lose what was acknowledged, which --confirm applied can live with.
using topic_warning = std::function<void(std::string const&)>;
// Not made with fewer replicas than replicas_wanted(); one that has fewer, or takes what only one of them has
// (min.insync.replicas), is refused with --confirm kafka and warned of else. The writer's part, for the node whose stream it is. `source`: which tables it has.
[[nodiscard]] io::awaitable<outcome_of<stream_topics>> ensure_topics(io::kafka::admin& cluster,
                                                                     kafka_setup const& kafka,
                                                                     std::string node,
                                                                     io::pg::connection& source,
                                                                     topic_warning warn);
// Of a stream's dead letters, made if it is not there.
[[nodiscard]] io::awaitable<outcome_of<void>> ensure_letters_topic(io::kafka::admin& cluster,
                                                                   kafka_setup const& kafka,
                                                                   std::string node);
// Where one of the stream's rows ends by now: its number and offset.
using row_end_told = std::function<void(std::size_t, std::int64_t)>;
// While the stream runs, every 10 s: ends when somebody has made one of them another.
[[nodiscard]] io::awaitable<failure> watch_topics(io::kafka::admin& cluster,
                                                  kafka_setup const& kafka, stream_topics topics,
                                                  row_end_told told, topic_warning warn);
// The reader's: until the writer has made them, or `stop` says so.
[[nodiscard]] io::awaitable<outcome_of<void>> await_topics(io::kafka::admin& cluster,
                                                           kafka_setup const& kafka,
                                                           std::string node,
                                                           std::function<bool()> stop);

} // namespace tandem::engine
