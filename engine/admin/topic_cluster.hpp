#pragma once
// A cluster of brokers, as the commands about topics see it. Failures are thrown: see failure.hpp.

#include "engine/admin/topic_scan.hpp"
#include "engine/config/options.hpp"
#include "io/kafka/admin.hpp"
#include "io/runtime/awaitable.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::engine {

using io::awaitable;

// A topic of tandem's, by its name.
struct own_topic {
    enum class kind { changes, progress, dead_letters, rows };
    kind holds = kind::changes;
    std::string node; // whose changes they are
};
// "PREFIX.NODE", "PREFIX.NODE.progress", "PREFIX.NODE.dead-letters" and "PREFIX.NODE.SCHEMA.TABLE"; none: it is another's.
[[nodiscard]] std::optional<own_topic> own_topic_of(std::string_view name, std::string_view prefix);

inline constexpr std::chrono::seconds kafka_patience{10}; // for one question

class topic_cluster {
public:
    // Asks for all topics. Without an answer it fails within ten seconds.
    [[nodiscard]] static awaitable<topic_cluster> open(io::asio::any_io_executor executor,
                                                       options const& set);

    [[nodiscard]] io::kafka::admin& ask() noexcept { return *admin_; }
    [[nodiscard]] io::kafka::cluster_metadata const& seen() const noexcept { return seen_; }
    // Throws config_error, with the nearest name, when there is none of that name.
    [[nodiscard]] io::kafka::topic_metadata const& topic(std::string const& name) const;

    // Where the logs of these topics begin and end, in their order; partitions without a leader are left out.
    [[nodiscard]] awaitable<std::vector<std::vector<log_span>>> spans(
        std::vector<io::kafka::topic_metadata> of);
    // The first offset with that timestamp or a later one in each of the partitions; none: the end of its log.
    [[nodiscard]] awaitable<std::vector<std::optional<std::int64_t>>> first_at(
        std::string topic, std::vector<log_span> logs, std::int64_t time_ms);

private:
    topic_cluster(std::unique_ptr<io::kafka::admin> admin, io::kafka::cluster_metadata seen)
        : admin_{std::move(admin)}, seen_{std::move(seen)} {}

    std::unique_ptr<io::kafka::admin> admin_;
    io::kafka::cluster_metadata seen_;
};

} // namespace tandem::engine
