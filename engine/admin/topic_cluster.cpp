#include "engine/admin/topic_cluster.hpp"

#include "engine/admin/failure.hpp"
#include "engine/config/error.hpp"
#include "engine/config/nearest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace tandem::engine {

std::optional<own_topic> own_topic_of(std::string_view name, std::string_view prefix) {
    if (!name.starts_with(prefix) || !name.substr(prefix.size()).starts_with('.')) {
        return std::nullopt;
    }
    own_topic found;
    auto node = name.substr(prefix.size() + 1);
    constexpr std::pair<std::string_view, own_topic::kind> beside[] = {
        {".progress", own_topic::kind::progress}, {".dead-letters", own_topic::kind::dead_letters}};
    for (auto const& [ending, kind] : beside) {
        if (node.ends_with(ending)) {
            found.holds = kind;
            node.remove_suffix(ending.size());
            break;
        }
    }
    auto const dot = node.find('.');
    if (found.holds == own_topic::kind::changes && dot != node.npos &&
        node.find('.', dot + 1) != node.npos) {
        found.holds = own_topic::kind::rows;
        node = node.substr(0, dot);
    }
    if (node.empty() || node.find('.') != node.npos) {
        return std::nullopt;
    }
    found.node = node;
    return found;
}

awaitable<topic_cluster> topic_cluster::open(io::asio::any_io_executor executor,
                                             options const& set) {
    auto opened =
        io::kafka::admin::open(std::move(executor), set.brokers, set.kafka_properties, {});
    if (!opened) {
        throw kafka_failure("connecting", opened.error());
    }
    auto admin = std::move(*opened);
    auto seen = co_await admin->metadata(std::nullopt, kafka_patience);
    if (!seen) {
        throw kafka_failure("asking for its topics", seen.error());
    }
    std::ranges::sort(seen->topics, {}, &io::kafka::topic_metadata::name);
    topic_cluster made{std::move(admin), std::move(*seen)};
    co_return made;
}

io::kafka::topic_metadata const& topic_cluster::topic(std::string const& name) const {
    auto const found = std::ranges::find(seen_.topics, name, &io::kafka::topic_metadata::name);
    if (found != seen_.topics.end()) {
        return *found;
    }
    std::vector<std::string> names;
    names.reserve(seen_.topics.size());
    for (auto const& each : seen_.topics) {
        names.push_back(each.name);
    }
    auto const near = nearest(name, names);
    throw config_error{fmt::format("there is no topic '{}'{}; tandem topic list names them", name,
                                   near ? fmt::format(": did you mean {}?", *near) : "")};
}

awaitable<std::vector<std::vector<log_span>>> topic_cluster::spans(
    std::vector<io::kafka::topic_metadata> of) {
    std::vector<std::vector<log_span>> found(of.size());
    std::vector<io::kafka::time_question> wanted;
    for (std::size_t at = 0; at < of.size(); ++at) {
        for (auto const& each : of[at].partitions) {
            if (each.leader >= 0) {
                found[at].push_back({each.id, 0, 0});
                wanted.push_back({of[at].name, each.id, io::kafka::time_question::log_begin});
            }
        }
    }
    if (wanted.empty()) {
        co_return found;
    }
    auto const begins = co_await admin_->offsets_for_times(wanted, kafka_patience);
    for (auto& each : wanted) {
        each.time_ms = io::kafka::time_question::log_end;
    }
    auto const ends = co_await admin_->offsets_for_times(std::move(wanted), kafka_patience);
    if (!begins || !ends) {
        throw kafka_failure("asking where logs begin and end",
                            begins ? ends.error() : begins.error());
    }
    std::size_t next = 0;
    for (auto& logs : found) {
        for (log_span& each : logs) {
            each.begin = (*begins)[next].value_or(0);
            each.end = std::max(each.begin, (*ends)[next].value_or(0));
            ++next;
        }
    }
    co_return found;
}

awaitable<std::vector<std::optional<std::int64_t>>> topic_cluster::first_at(
    std::string topic, std::vector<log_span> logs, std::int64_t time_ms) {
    std::vector<io::kafka::time_question> wanted;
    wanted.reserve(logs.size());
    for (log_span const& each : logs) {
        wanted.push_back({topic, each.partition, time_ms});
    }
    auto found = co_await admin_->offsets_for_times(std::move(wanted), kafka_patience);
    if (!found) {
        throw kafka_failure("asking for the offsets of a time", found.error());
    }
    co_return std::move(*found);
}

} // namespace tandem::engine
