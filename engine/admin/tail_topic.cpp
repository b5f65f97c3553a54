#include "engine/admin/tail_topic.hpp"

#include "engine/admin/read_topic.hpp"
#include "engine/admin/topic_cluster.hpp"
#include "engine/admin/topic_search.hpp"
#include "engine/config/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace tandem::engine {
namespace {

using kind = topic_place::kind;

constexpr std::uint64_t default_count = 10;
constexpr std::int64_t searched_span = 1'000; // of the first step of a search

void check_partition(io::kafka::topic_metadata const& topic, std::optional<std::int32_t> wanted) {
    bool const there =
        !wanted || std::ranges::find(topic.partitions, *wanted,
                                     &io::kafka::partition_metadata::id) != topic.partitions.end();
    if (!there) {
        throw config_error{fmt::format("topic {} has no partition {}; it has {}, numbered from 0",
                                       topic.name, *wanted, topic.partitions.size())};
    }
}

// Keeps what is asked for and has a leader.
std::vector<log_span> chosen(std::vector<log_span> logs, io::kafka::topic_metadata const& topic,
                             std::optional<std::int32_t> only, tail_listener const& tell) {
    for (auto const& each : topic.partitions) {
        if (each.leader < 0 && (!only || *only == each.id)) {
            tell.remark(fmt::format("partition {} has no leader and is left out", each.id));
        }
    }
    std::erase_if(logs, [only](log_span const& each) { return only && each.partition != *only; });
    return logs;
}

void move_begin(log_span& log, std::int64_t to, tail_listener const& tell) {
    if (to < log.begin || to > log.end) {
        tell.remark(
            fmt::format("partition {} has no offset {}: its log begins at {} and ends before {}",
                        log.partition, to, log.begin, log.end));
    }
    log.begin = std::clamp(to, log.begin, log.end);
}

awaitable<std::vector<log_span>> from_place(topic_cluster& cluster, tail_request const& wanted,
                                            std::vector<log_span> logs, tail_listener const& tell) {
    if (wanted.from.from == kind::time && !logs.empty()) {
        auto const begins = co_await cluster.first_at(wanted.topic, logs, wanted.from.number);
        for (std::size_t at = 0; at < logs.size(); ++at) {
            logs[at].begin =
                std::clamp(begins[at].value_or(logs[at].end), logs[at].begin, logs[at].end);
        }
    }
    for (log_span& each : logs) {
        if (wanted.from.from == kind::offset) {
            move_begin(each, wanted.from.number, tell);
        } else if (wanted.from.from == kind::last) {
            each.begin = std::max(each.begin, each.end - std::min(each.end, wanted.from.number));
        }
    }
    co_return logs;
}

topic_scan::limits limits_of(tail_request const& wanted, bool searching) {
    auto const all = std::numeric_limits<std::uint64_t>::max();
    auto const count = wanted.count.value_or(wanted.from.from == kind::last ? 0 : default_count);
    topic_scan::limits set;
    set.newest_first = wanted.from.from == kind::newest;
    set.records = count == 0 ? all : count;
    auto const least = std::min(set.records, static_cast<std::uint64_t>(searched_span));
    set.span = searching ? searched_span : static_cast<std::int64_t>(least);
    return set;
}

} // namespace

awaitable<void> tail_topic(io::asio::any_io_executor executor, options set, tail_request wanted,
                           tail_listener tell, tail_progress& so_far) {
    topic_search search{wanted.key, wanted.pattern};
    so_far.searching = !search.everything();
    auto cluster = co_await topic_cluster::open(executor, set);
    auto const topic = cluster.topic(wanted.topic);
    check_partition(topic, wanted.partition);
    std::vector<io::kafka::topic_metadata> const one{topic};
    auto const all = co_await cluster.spans(one);
    auto logs = chosen(all.front(), topic, wanted.partition, tell);
    logs = co_await from_place(cluster, wanted, std::move(logs), tell);
    for (log_span const& each : logs) {
        so_far.all += static_cast<std::uint64_t>(each.end - each.begin);
    }
    topic_scan scan{logs, limits_of(wanted, so_far.searching)};
    auto const source = open_topic_reader(std::move(executor), set);
    std::vector<io::kafka::header> headers;
    topic_callbacks reader;
    reader.wanted = [&](io::kafka::fetched_record const& record) {
        ++so_far.read;
        if (search.needs_headers()) {
            record.headers(headers);
        }
        return search.matches(record.key(), record.value(), headers);
    };
    reader.take = [&](topic_record const& record) {
        ++so_far.shown;
        tell.record(record);
        return true;
    };
    reader.pause = [&] { tell.progress(); };
    co_await read_topic(*source, std::move(wanted.topic), scan, std::move(reader));
}

} // namespace tandem::engine
