#include "engine/connect/flow/source_topics.hpp"

#include "engine/connect/source_records.hpp"
#include "engine/flow/kafka_setup.hpp"
#include "io/runtime/deadline.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

namespace tandem::connect {
namespace {

using engine::failure;
using engine::kafka_patience;
using engine::next_step;
using engine::outcome_of;
using engine::retry_after;

// So many records at the end of a partition are looked at: those of other writers may stand among ours.
constexpr std::int64_t records_looked_at = 500;

int number_of(std::string const& text) {
    int read = -1;
    std::from_chars(text.data(), text.data() + text.size(), read);
    return read;
}

} // namespace

topic_creation topic_creation::of(property_map const& config) {
    topic_creation made;
    for (auto const& [name, value] : with_prefix(config, "topic.creation.default.")) {
        if (name == "partitions") {
            made.partitions = number_of(value);
        } else if (name == "replication.factor") {
            made.replication_factor = number_of(value);
        } else if (name != "include" && name != "exclude") {
            made.configs[name] = value;
        }
    }
    return made;
}

source_topics::source_topics(task_setup const& setup, std::string source, io::kafka::admin& cluster,
                             io::kafka::producer& sink)
    : setup_{setup},
      source_{std::move(source)},
      creation_{topic_creation::of(setup.config)},
      cluster_{cluster},
      sink_{sink} {}

open_topic const* source_topics::find(std::string_view name) const {
    auto const known = topics_.find(name);
    return known == topics_.end() ? nullptr : known->second.get();
}

io::awaitable<outcome_of<open_topic const*>> source_topics::open(std::string name, lsn confirmed) {
    if (auto const* const known = find(name); known != nullptr) {
        co_return known;
    }
    auto const partitions = co_await ensure(name);
    if (!partitions) {
        co_return partitions.error();
    }
    auto made = std::make_unique<open_topic>();
    made->to = &sink_.open_topic(name);
    made->has.resize(static_cast<std::size_t>(*partitions));
    auto read = co_await read_ends(name, *made, confirmed);
    if (!read) {
        co_return read.error();
    }
    auto const* const kept = made.get();
    topics_.emplace(std::move(name), std::move(made));
    co_return kept;
}

io::awaitable<outcome_of<std::int32_t>> source_topics::ensure(std::string name) {
    auto seen = co_await cluster_.metadata(name, kafka_patience);
    if (!seen && seen.error().code == io::kafka::errc::no_topic) {
        io::kafka::new_topic wanted;
        wanted.name = name;
        wanted.partitions = creation_.partitions;
        wanted.replication_factor = creation_.replication_factor;
        wanted.configs = creation_.configs;
        auto const made = co_await cluster_.create_topic(wanted, kafka_patience);
        if (!made && made.error().code != io::kafka::errc::topic_exists) {
            co_return retry_after(fmt::format("creating topic {}", name), made.error());
        }
        spdlog::info("connector {}: topic {} is made", setup_.connector, name);
        seen = co_await cluster_.metadata(name, kafka_patience);
    }
    if (!seen) {
        co_return retry_after(fmt::format("asking for topic {}", name), seen.error());
    }
    co_return static_cast<std::int32_t>(seen->topics.front().partitions.size());
}

io::awaitable<outcome_of<void>> source_topics::read_ends(std::string name, open_topic& into,
                                                         lsn confirmed) {
    std::vector<io::kafka::assignment> wanted;
    for (std::int32_t partition = 0; std::cmp_less(partition, into.has.size()); ++partition) {
        auto const marks = co_await cluster_.query_watermarks(name, partition, kafka_patience);
        if (!marks) {
            co_return retry_after(fmt::format("asking where topic {} ends", name), marks.error());
        }
        if (marks->high > marks->low) {
            wanted.push_back(
                {name, partition, std::max(marks->low, marks->high - records_looked_at)});
        }
    }
    if (wanted.empty()) {
        co_return boost::system::in_place_value;
    }
    auto const executor = co_await io::asio::this_coro::executor;
    auto opened = io::kafka::consumer::open(executor, setup_.brokers, setup_.properties,
                                            engine::log_of(setup_.connector), true);
    if (!opened) {
        co_return retry_after("opening a client", opened.error());
    }
    auto const source = std::move(*opened);
    if (auto const assigned = source->assign(wanted); !assigned) {
        co_return retry_after(fmt::format("reading topic {}", name), assigned.error());
    }
    io::deadline const limit{executor, kafka_patience, [&] { source->client().interrupt(); }};
    std::set<std::int32_t> ended;
    io::kafka::fetched_batch batch;
    std::vector<io::kafka::header> headers;
    while (ended.size() < wanted.size()) {
        while (source->try_fetch(batch)) {
            for (std::size_t at = 0; at < batch.size(); ++at) {
                batch[at].headers(headers);
                auto const found =
                    std::ranges::find(headers, position_header, &io::kafka::header::name);
                auto const position = found != headers.end() && found->value
                                          ? decode_position(*found->value)
                                          : std::nullopt;
                auto& has = into.has[static_cast<std::size_t>(batch[at].partition())];
                if (position && position->source == source_ && position->at.at > confirmed) {
                    has = std::max(has, position->at);
                }
            }
            for (auto const& each : batch.ends()) {
                ended.insert(each.partition);
            }
            for (auto const& each : batch.failures()) {
                if (each.failed.classify() != io::kafka::retry_class::transient) {
                    co_return retry_after(fmt::format("reading topic {}", name), each.failed);
                }
            }
        }
        if (ended.size() == wanted.size()) {
            break;
        }
        auto waited = co_await source->wait();
        if (limit.expired()) {
            co_return failure{next_step::retry,
                              fmt::format("reading the end of topic {}: it did not come within {} "
                                          "s",
                                          name, kafka_patience.count())};
        }
        if (!waited) {
            co_return retry_after(fmt::format("reading topic {}", name), waited.error());
        }
    }
    co_return boost::system::in_place_value;
}

} // namespace tandem::connect
