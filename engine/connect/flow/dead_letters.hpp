#pragma once
// Records that a sink with errors.tolerance=all could not take: passed over, and copied to a topic where one is named.
// https://kafka.apache.org/39/documentation/#sinkconnectorconfigs_errors.deadletterqueue.topic.name

#include "engine/connect/sink_settings.hpp"
#include "engine/connect/task_setup.hpp"
#include "engine/flow/failure.hpp"
#include "io/kafka/admin.hpp"
#include "io/kafka/consumer.hpp"
#include "io/kafka/producer.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

namespace tandem::connect {

// What went wrong with a record, in Connect's words.
struct record_fault {
    std::string_view
        stage; // KEY_CONVERTER, VALUE_CONVERTER, HEADER_CONVERTER, TRANSFORMATION, TASK_PUT
    std::string_view java_class;
    std::string message;
};

class dead_letters {
public:
    // References outlive it.
    dead_letters(task_setup const& setup, sink_settings const& settings)
        : setup_{setup}, settings_{settings} {}
    ~dead_letters();

    // The topic is there; one that is not is made.
    [[nodiscard]] io::awaitable<engine::outcome_of<void>> open(io::kafka::admin& cluster);
    // Copied; may wait for room. Says it in the log where errors.log.enable wants it.
    [[nodiscard]] io::awaitable<engine::outcome_of<void>> put(io::kafka::fetched_record record,
                                                              record_fault why);
    // Until all of them are acknowledged: offsets beyond them may be stored then.
    [[nodiscard]] io::awaitable<engine::outcome_of<void>> settle();

private:
    struct letter {
        std::string bytes; // of the value
        io::kafka::unsettled settled;
    };

    task_setup const& setup_;
    sink_settings const& settings_;
    std::int32_t partitions_ = 1;
    std::deque<std::unique_ptr<letter>> sent_;
    std::unique_ptr<io::kafka::producer> producer_; // destroyed before what it may still read
    io::kafka::producer::topic* to_ = nullptr;
};

} // namespace tandem::connect
