#include "engine/admin/shown_text.hpp"
#include "engine/admin/topics.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace tandem::engine {
namespace {

using json = nlohmann::ordered_json;

std::string_view holds_text(own_topic const& own) noexcept {
    switch (own.holds) {
    case own_topic::kind::changes:
        return "changes";
    case own_topic::kind::progress:
        return "progress";
    case own_topic::kind::rows:
        return "rows";
    case own_topic::kind::dead_letters:
        break;
    }
    return "dead letters";
}

std::string own_text(std::optional<own_topic> const& own) {
    return own ? fmt::format("{} of node {}", holds_text(*own), own->node) : "";
}

std::string records_text(topic_summary const& topic) {
    return topic.records ? shown_count(*topic.records) : "unknown";
}

// Columns of their widest cell; the last one as it is, no spaces at a line's end.
std::string table_text(std::vector<std::vector<std::string>> const& lines) {
    std::vector<std::size_t> widths(lines.front().size(), 0);
    for (auto const& line : lines) {
        for (std::size_t at = 0; at < line.size(); ++at) {
            widths[at] = std::max(widths[at], line[at].size());
        }
    }
    std::string out;
    for (auto const& line : lines) {
        std::string one;
        for (std::size_t at = 0; at < line.size(); ++at) {
            one += fmt::format("{:<{}}  ", line[at], widths[at]);
        }
        out += one.substr(0, one.find_last_not_of(' ') + 1) + '\n';
    }
    return out;
}

json json_of(topic_summary const& topic) {
    json one;
    one["name"] = topic.name;
    one["partitions"] = topic.partitions;
    one["replication"] = topic.replication;
    one["out_of_sync"] = topic.out_of_sync;
    one["records"] = topic.records ? json(*topic.records) : json();
    one["tandem"] =
        topic.own ? json{{"holds", holds_text(*topic.own)}, {"node", topic.own->node}} : json();
    return one;
}

std::optional<log_span> log_of(topic_description const& topic, std::int32_t partition) {
    auto const found = std::ranges::find(topic.logs, partition, &log_span::partition);
    return found != topic.logs.end() ? std::optional{*found} : std::nullopt;
}

std::string position_text(event::stream_position at) {
    return fmt::format("{}.{}", to_string(at.at), at.index);
}

std::string stream_text(stream_summary const& of) {
    return fmt::format("stream {}: origin {}, epoch {}, run {}\nlast position {}, written {}\n",
                       shown(of.stream, of.stream.size()), shown(of.origin, of.origin.size()),
                       of.epoch, of.run.empty() ? "not known" : shown(of.run, 200),
                       position_text(of.position), shown_time(of.timestamp_ms));
}

} // namespace

std::string topics_text(std::vector<topic_summary> const& topics) {
    std::vector<std::vector<std::string>> lines{
        {"Topic", "Partitions", "Replication", "Out of sync", "Records", "Tandem's"}};
    for (topic_summary const& each : topics) {
        lines.push_back({shown(each.name, 300), std::to_string(each.partitions),
                         std::to_string(each.replication), std::to_string(each.out_of_sync),
                         records_text(each), own_text(each.own)});
    }
    return table_text(lines);
}

std::string topics_json(std::vector<topic_summary> const& topics) {
    json list = json::array();
    for (topic_summary const& each : topics) {
        list.push_back(json_of(each));
    }
    json out;
    out["topics"] = std::move(list);
    return out.dump(2) + '\n';
}

std::string description_text(topic_description const& topic) {
    auto const& summary = topic.summary;
    std::string out =
        fmt::format("topic {}: {} records{}{}\n\n", shown(summary.name, 300), records_text(summary),
                    summary.own ? ", " : "", own_text(summary.own));
    std::vector<std::vector<std::string>> lines{
        {"Partition", "Leader", "Replicas", "In sync", "Low", "High"}};
    for (auto const& each : topic.partitions) {
        auto const log = log_of(topic, each.id);
        lines.push_back({std::to_string(each.id),
                         each.leader >= 0 ? std::to_string(each.leader) : "none",
                         fmt::format("{}", fmt::join(each.replicas, ",")),
                         fmt::format("{}", fmt::join(each.in_sync, ",")),
                         log ? std::to_string(log->begin) : "unknown",
                         log ? std::to_string(log->end) : "unknown"});
    }
    out += table_text(lines) + '\n';
    for (auto const& [name, config] : topic.settings) {
        out += fmt::format("{} = {}{}\n", name, shown(config.value, 500),
                           config.by_default ? " (default)" : "");
    }
    if (topic.stream) {
        out += '\n' + stream_text(*topic.stream);
    }
    return out;
}

std::string description_json(topic_description const& topic) {
    json out = json_of(topic.summary);
    out["logs"] = json::array();
    for (auto const& each : topic.partitions) {
        auto const log = log_of(topic, each.id);
        json one;
        one["partition"] = each.id;
        one["leader"] = each.leader >= 0 ? json(each.leader) : json();
        one["replicas"] = each.replicas;
        one["in_sync"] = each.in_sync;
        one["low"] = log ? json(log->begin) : json();
        one["high"] = log ? json(log->end) : json();
        out["logs"].push_back(std::move(one));
    }
    out["settings"] = json::object();
    for (auto const& [name, config] : topic.settings) {
        out["settings"][name] = {{"value", config.value}, {"default", config.by_default}};
    }
    out["stream"] = json();
    if (topic.stream) {
        json stream;
        stream["stream"] = topic.stream->stream;
        stream["origin"] = topic.stream->origin;
        stream["epoch"] = topic.stream->epoch;
        stream["run"] = topic.stream->run.empty() ? json() : json(topic.stream->run);
        stream["position"] = position_text(topic.stream->position);
        stream["timestamp"] = topic.stream->timestamp_ms;
        out["stream"] = std::move(stream);
    }
    return out.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

} // namespace tandem::engine
