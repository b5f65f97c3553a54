#include "engine/admin/topics.hpp"

#include "codecs/event/stream_notes.hpp"
#include "engine/admin/failure.hpp"
#include "engine/admin/read_topic.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace tandem::engine {
namespace {

constexpr std::int64_t stream_records_most = 100'000;

topic_summary summary_of(io::kafka::topic_metadata const& topic, std::vector<log_span> const& logs,
                         std::string const& prefix) {
    topic_summary made;
    made.name = topic.name;
    made.partitions = topic.partitions.size();
    for (auto const& each : topic.partitions) {
        made.replication = std::max(made.replication, each.replicas.size());
        made.out_of_sync += each.leader < 0 || each.in_sync.size() < each.replicas.size() ? 1 : 0;
    }
    if (logs.size() == topic.partitions.size()) {
        made.records = 0;
        for (log_span const& each : logs) {
            *made.records += each.end - each.begin;
        }
    }
    made.own = own_topic_of(topic.name, prefix);
    return made;
}

io::kafka::topic_configs worth_showing(io::kafka::topic_configs const& all) {
    constexpr std::array<std::string_view, 5> always{"cleanup.policy", "max.message.bytes",
                                                     "min.insync.replicas", "retention.bytes",
                                                     "retention.ms"};
    io::kafka::topic_configs some;
    for (auto const& [name, config] : all) {
        if (!config.by_default || std::ranges::find(always, name) != always.end()) {
            some.emplace(name, config);
        }
    }
    return some;
}

// Takes a stream's records, the last one first; false: it has seen what it wants.
bool learn(topic_record const& record, std::optional<stream_summary>& into) {
    std::vector<event::record_header> headers;
    headers.reserve(record.headers.size());
    for (auto const& each : record.headers) {
        headers.push_back(
            {each.name, each.value ? std::string_view{*each.value} : std::string_view{}});
    }
    auto const read = event::decode_headers(headers);
    if (!read) {
        return true; // another's
    }
    if (!into) {
        into.emplace();
        into->stream = read->stream;
        into->origin = read->origin;
        into->epoch = read->epoch;
        into->position = read->position;
        into->timestamp_ms = record.timestamp_ms;
    }
    if (read->note.empty() || read->epoch != into->epoch) {
        return true;
    }
    auto const note = event::decode_note(read->note);
    if (!note || !std::holds_alternative<event::start_note>(*note)) {
        return true;
    }
    into->run = std::get<event::start_note>(*note).run;
    return false;
}

awaitable<std::optional<stream_summary>> read_stream(io::asio::any_io_executor executor,
                                                     options set, std::string name,
                                                     std::vector<log_span> logs) {
    for (log_span& each : logs) {
        each.begin = std::max(each.begin, each.end - stream_records_most);
    }
    std::optional<stream_summary> found;
    topic_scan::limits limits;
    limits.span = 100;
    topic_scan scan{logs, limits};
    auto const source = open_topic_reader(std::move(executor), set);
    topic_callbacks reader;
    reader.wanted = [](io::kafka::fetched_record const&) { return true; };
    reader.take = [&found](topic_record const& record) { return learn(record, found); };
    reader.pause = [] {};
    co_await read_topic(*source, std::move(name), scan, std::move(reader));
    co_return found;
}

} // namespace

awaitable<std::vector<topic_summary>> list_topics(io::asio::any_io_executor executor, options set) {
    auto cluster = co_await topic_cluster::open(std::move(executor), set);
    auto const logs = co_await cluster.spans(cluster.seen().topics);
    std::vector<topic_summary> found;
    for (std::size_t at = 0; at < logs.size(); ++at) {
        found.push_back(summary_of(cluster.seen().topics[at], logs[at], set.topic_prefix));
    }
    co_return found;
}

awaitable<topic_description> describe_topic(io::asio::any_io_executor executor, options set,
                                            std::string name) {
    auto cluster = co_await topic_cluster::open(executor, set);
    topic_description made;
    auto const topic = cluster.topic(name);
    made.partitions = topic.partitions;
    std::vector<io::kafka::topic_metadata> const one{topic};
    auto const logs = co_await cluster.spans(one);
    made.logs = logs.front();
    made.summary = summary_of(topic, made.logs, set.topic_prefix);
    auto const configs = co_await cluster.ask().describe_topic(name, kafka_patience);
    if (!configs) {
        throw kafka_failure("reading the settings of topic " + name, configs.error());
    }
    made.settings = worth_showing(*configs);
    bool const changes = made.summary.own && made.summary.own->holds == own_topic::kind::changes;
    if (changes && made.logs.size() == 1) {
        made.stream =
            co_await read_stream(std::move(executor), std::move(set), std::move(name), made.logs);
    }
    co_return made;
}

} // namespace tandem::engine
