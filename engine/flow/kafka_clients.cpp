#include "engine/flow/kafka_clients.hpp"

#include "engine/config/error.hpp"
#include "engine/flow/kafka_statistics.hpp"
#include "io/kafka/admin.hpp"
#include "io/kafka/consumer.hpp"
#include "io/kafka/producer.hpp"

namespace tandem::engine {

void check_clients(io::asio::any_io_executor const& executor, kafka_setup const& kafka) {
    auto const taken = [](auto const& opened) {
        if (!opened) {
            throw config_error{"--transport kafka: " + opened.error().message};
        }
    };
    taken(io::kafka::admin::open(executor, kafka.brokers, kafka.properties, {}));
    taken(io::kafka::producer::open(executor, kafka.brokers, kafka.properties, {}));
    taken(io::kafka::consumer::open(executor, kafka.brokers, kafka.properties, {}));
}

io::kafka::listener figures_of(std::string who, direction_stats& stats, io::kafka::role client) {
    auto& figures = stats.kafka;
    if (client == io::kafka::role::producer) {
        figures.queue_records.store(kafka_figures::unknown);
        figures.queue_bytes.store(kafka_figures::unknown);
        figures.round_trip_us.store(kafka_figures::unknown);
    } else {
        figures.lag_records.store(kafka_figures::unknown);
        figures.readers_brokers.store(kafka_figures::unknown);
    }
    auto made = log_of(std::move(who));
    made.statistics = [&figures](std::string_view json) { take_statistics(json, figures); };
    return made;
}

io::kafka::listener brokers_of(std::string who, direction_stats& stats) {
    auto& figure = stats.kafka.writers_brokers;
    figure.store(kafka_figures::unknown);
    auto made = log_of(std::move(who));
    made.statistics = [&figure](std::string_view json) { take_brokers(json, figure); };
    return made;
}

} // namespace tandem::engine
