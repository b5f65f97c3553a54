#include "engine/flow/stream_topics.hpp"

#include "engine/core/stream_record.hpp"
#include "io/kafka/partition_of.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tandem::engine {
namespace {

using io::awaitable;

constexpr std::chrono::seconds watch_interval{10};

using settings = std::map<std::string, std::string>;

std::size_t named(kafka_setup const& kafka) {
    return static_cast<std::size_t>(std::ranges::count(kafka.brokers, ',')) + 1;
}

// Written once and kept until retention ends it: a compacted log would lose what readers have yet to see.
awaitable<outcome_of<void>> create(io::kafka::admin& cluster, kafka_setup const& kafka,
                                   wanted_topic what, std::size_t up, std::size_t max_bytes,
                                   settings more) {
    auto const& name = what.name;
    int const replicas = replicas_wanted(up, named(kafka));
    if (std::cmp_less(up, replicas)) {
        co_return failure{
            next_step::retry,
            fmt::format(
                "creating topic {}: it is to have {} replicas, and only {} of the {} brokers "
                "that --brokers names {} up",
                name, replicas, up, named(kafka), up == 1 ? "is" : "are")};
    }
    io::kafka::new_topic wanted;
    wanted.name = name;
    wanted.partitions = static_cast<int>(what.partitions);
    wanted.replication_factor = replicas;
    wanted.configs = std::move(more);
    wanted.configs["cleanup.policy"] = "delete";
    wanted.configs["max.message.bytes"] = std::to_string(max_bytes);
    wanted.configs["min.insync.replicas"] = wanted.replication_factor > 1 ? "2" : "1";
    auto made = co_await cluster.create_topic(std::move(wanted), kafka_patience);
    if (!made && made.error().code != io::kafka::errc::topic_exists) {
        co_return retry_after(fmt::format("creating topic {}", name), made.error());
    }
    if (made) {
        spdlog::info("Kafka: created topic {}", name);
    }
    co_return boost::system::in_place_value;
}

// What would be lost with one broker though it was acknowledged; empty: nothing.
std::string risk(kafka_setup const& kafka, io::kafka::topic_metadata const& found, std::size_t up,
                 std::string const& in_sync_least) {
    auto const replicas = found.partitions.front().replicas.size();
    auto const wanted = replicas_wanted(up, named(kafka));
    if (std::cmp_less(replicas, wanted)) {
        return fmt::format("Kafka: topic {} has {} replica{} and should have {}", found.name,
                           replicas, replicas == 1 ? "" : "s", wanted);
    }
    if (replicas > 1 && in_sync_least == "1") {
        return fmt::format("Kafka: topic {} has min.insync.replicas=1 and should have 2",
                           found.name);
    }
    return {};
}

awaitable<outcome_of<io::kafka::topic_configs>> settings_of(io::kafka::admin& cluster,
                                                            std::string name) {
    auto described = co_await cluster.describe_topic(name, kafka_patience);
    if (!described) {
        co_return retry_after(fmt::format("reading the settings of topic {}", name),
                              described.error());
    }
    co_return std::move(*described);
}

// Empty where the brokers do not say.
std::string setting(io::kafka::topic_configs const& configs, std::string const& name) {
    auto const at = configs.find(name);
    return at == configs.end() ? std::string{} : at->second.value;
}

outcome_of<void> check(io::kafka::topic_metadata const& found, std::size_t partitions,
                       io::kafka::topic_configs const& configs) {
    if (found.partitions.size() != partitions) {
        return failure{
            next_step::paused,
            fmt::format("Kafka: topic {} has {} partition{} and must have {}, or the order of {} "
                        "is lost: delete it (with --confirm applied nothing is lost), then start "
                        "tandem again{}",
                        found.name, found.partitions.size(),
                        found.partitions.size() == 1 ? "" : "s", partitions,
                        partitions == 1 ? "transactions" : "a key's changes",
                        partitions == 1 ? ""
                                        : fmt::format("; if all tables' topics have {}, give that "
                                                      "as --table-partitions",
                                                      found.partitions.size()))};
    }
    auto const policy = setting(configs, "cleanup.policy");
    if (!policy.empty() && policy != "delete") {
        return failure{
            next_step::paused,
            fmt::format("Kafka: topic {} has cleanup.policy={} and must have delete, or changes "
                        "vanish before they are read: set it, then start tandem again",
                        found.name, policy)};
    }
    return boost::system::in_place_value;
}

outcome_of<std::size_t> limit_of(kafka_setup const& kafka, std::string const& name,
                                 io::kafka::topic_configs const& configs) {
    std::optional<std::string_view> client;
    for (auto const& [property, value] : kafka.properties) {
        client = property == "message.max.bytes" ? value : client;
    }
    auto const said = setting(configs, "max.message.bytes");
    auto const limit = record_limit(said, client);
    if (!limit) {
        return failure{
            next_step::retry,
            fmt::format("Kafka: topic {} has max.message.bytes={}{}: a stream needs "
                        "at least {}; raise it",
                        name, said,
                        client ? fmt::format(" and the client message.max.bytes={}", *client) : "",
                        record_limit_least)};
    }
    return *limit;
}

constexpr char const* published_tables =
    "SELECT schemaname, tablename FROM pg_publication_tables WHERE pubname = 'tandem' AND "
    "schemaname <> 'tandem' ORDER BY 1, 2";

// Into `topics`: a topic for each table that is synced.
awaitable<outcome_of<void>> add_tables(stream_topics& topics, kafka_setup const& kafka,
                                       std::string node, io::pg::connection& source) {
    io::pg::parameters none;
    auto found = co_await source.query(published_tables, std::move(none));
    if (!found) {
        co_return retry_after(node, "asking which tables are synced", found.error());
    }
    std::vector<named_table> tables;
    tables.reserve(static_cast<std::size_t>(found->size()));
    for (int row = 0; row < found->size(); ++row) {
        tables.push_back({std::string{found->text(row, 0)}, std::string{found->text(row, 1)}});
    }
    auto const prefix = stream_topic(kafka, node);
    if (auto const both = find_collision(prefix, tables)) {
        co_return failure{
            next_step::paused,
            fmt::format("Kafka: tables {}.{} and {}.{} would share topic {}: Kafka takes letters, "
                        "digits, '.', '_' and '-' in a name, and '.' for '_'; exclude one of them "
                        "(--exclude, with init) or take --topics ordered",
                        both->one.schema, both->one.name, both->other.schema, both->other.name,
                        both->topic)};
    }
    topics.layout.choose = io::kafka::partition_of;
    auto const each = static_cast<std::size_t>(kafka.table_partitions);
    for (auto const& table : tables) {
        wanted_topic const topic{table_topic(prefix, table), each};
        topics.layout.tables.emplace(
            table_id(table.schema, table.name),
            row_layout::table{static_cast<std::uint32_t>(topics.rows.size()),
                              kafka.table_partitions});
        for (int partition = 0; partition < kafka.table_partitions; ++partition) {
            topics.rows.push_back({topic.name, partition, 0});
        }
        topics.all.push_back(topic);
    }
    topics.layout.partitions = topics.rows.size();
    co_return boost::system::in_place_value;
}

awaitable<outcome_of<std::int64_t>> end_of(io::kafka::admin& cluster, event::row_partition of) {
    auto const marks = co_await cluster.query_watermarks(of.topic, of.partition, kafka_patience);
    if (!marks) {
        co_return retry_after(
            fmt::format("asking where partition {} of topic {} ends", of.partition, of.topic),
            marks.error());
    }
    co_return marks->high;
}

// Of a topic that was there already.
outcome_of<void> accept(kafka_setup const& kafka, io::kafka::topic_metadata const& found,
                        std::size_t up, io::kafka::topic_configs const& configs,
                        topic_warning const& warn) {
    auto const why = risk(kafka, found, up, setting(configs, "min.insync.replicas"));
    if (!why.empty() && kafka.confirm == confirm_at::kafka) {
        return failure{next_step::paused,
                       fmt::format("{}, or what the slot has let go of (--confirm kafka) can be "
                                   "lost with one broker: change it, then start tandem again",
                                   why)};
    }
    if (!why.empty()) {
        warn(why +
             ": with a broker it can lose what it acknowledged, and is sent it again from the "
             "slot");
    }
    return boost::system::in_place_value;
}

// Made, or found fit.
awaitable<outcome_of<io::kafka::topic_configs>> ensure(io::kafka::admin& cluster,
                                                       kafka_setup const& kafka,
                                                       io::kafka::cluster_metadata const& known,
                                                       wanted_topic topic, topic_warning warn) {
    auto const at = std::ranges::find(known.topics, topic.name, &io::kafka::topic_metadata::name);
    bool const there = at != known.topics.end();
    if (!there) {
        settings none;
        auto made = co_await create(cluster, kafka, topic, known.brokers.size(),
                                    kafka.topic_max_bytes, std::move(none));
        if (!made) {
            co_return made.error();
        }
    } else if (at->partitions.empty()) {
        co_return failure{next_step::retry, // it comes into being, or goes
                          fmt::format("Kafka: topic {} has no partition yet", topic.name)};
    }
    auto configs = co_await settings_of(cluster, topic.name);
    if (!configs) {
        co_return configs.error();
    }
    if (there) {
        auto fit = check(*at, topic.partitions, *configs);
        if (fit) {
            fit = accept(kafka, *at, known.brokers.size(), *configs, warn);
        }
        if (!fit) {
            co_return fit.error();
        }
    }
    co_return std::move(*configs);
}

} // namespace

io::awaitable<outcome_of<stream_topics>> ensure_topics(io::kafka::admin& cluster,
                                                       kafka_setup const& kafka, std::string node,
                                                       io::pg::connection& source,
                                                       topic_warning warn) {
    stream_topics topics;
    topics.all = {{stream_topic(kafka, node), 1}, {progress_topic(kafka, node), 1}};
    if (kafka.per_table) {
        auto added = co_await add_tables(topics, kafka, node, source);
        if (!added) {
            co_return added.error();
        }
    }
    auto known = co_await cluster.metadata(std::nullopt, kafka_patience);
    if (!known) {
        co_return retry_after("asking for its topics", known.error());
    }
    topics.limit = record_limit_most;
    for (wanted_topic const& topic : topics.all) {
        auto configs = co_await ensure(cluster, kafka, *known, topic, warn);
        if (!configs) {
            co_return configs.error();
        }
        if (topic.name == progress_topic(kafka, node)) {
            continue; // it has no rows
        }
        auto const limit = limit_of(kafka, topic.name, *configs);
        if (!limit) {
            co_return limit.error();
        }
        topics.limit = std::min(topics.limit, *limit);
    }
    for (auto& one : topics.rows) {
        auto const end = co_await end_of(cluster, one);
        if (!end) {
            co_return end.error();
        }
        one.offset = *end;
    }
    co_return topics;
}

// Kept for a week, a gigabyte at the most: in segments that are small against that.
io::awaitable<outcome_of<void>> ensure_letters_topic(io::kafka::admin& cluster,
                                                     kafka_setup const& kafka, std::string node) {
    auto const name = letters_topic(kafka, node);
    auto known = co_await cluster.metadata(std::nullopt, kafka_patience);
    if (!known) {
        co_return retry_after("asking for its topics", known.error());
    }
    if (std::ranges::find(known->topics, name, &io::kafka::topic_metadata::name) !=
        known->topics.end()) {
        co_return boost::system::in_place_value;
    }
    settings bounded{{"retention.ms", "604800000"},
                     {"retention.bytes", "1073741824"},
                     {"segment.bytes", "67108864"}};
    constexpr std::size_t room_for_headers = 65'536;
    wanted_topic const wanted{name, 1};
    auto made = co_await create(cluster, kafka, wanted, known->brokers.size(),
                                kafka.topic_max_bytes + room_for_headers, std::move(bounded));
    co_return made;
}

io::awaitable<outcome_of<void>> await_topics(io::kafka::admin& cluster, kafka_setup const& kafka,
                                             std::string node, std::function<bool()> stop) {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    auto const wanted = {stream_topic(kafka, node), progress_topic(kafka, node)};
    for (;;) {
        auto known = co_await cluster.metadata(std::nullopt, kafka_patience);
        if (!known) {
            co_return retry_after("asking for its topics", known.error());
        }
        bool const all = std::ranges::all_of(wanted, [&](std::string const& name) {
            auto const at =
                std::ranges::find(known->topics, name, &io::kafka::topic_metadata::name);
            return at != known->topics.end() && !at->partitions.empty();
        });
        if (all) {
            co_return boost::system::in_place_value;
        }
        if (stop()) { // the peer's site may never have been started
            co_return failure{next_step::stopped, {}};
        }
        timer.expires_after(std::chrono::milliseconds{200});
        auto const [cancelled] = co_await timer.async_wait(io::use_tuple);
        if (cancelled) {
            co_return failure{next_step::retry, "cancelled"};
        }
    }
}

io::awaitable<failure> watch_topics(io::kafka::admin& cluster, kafka_setup const& kafka,
                                    stream_topics topics, row_end_told told, topic_warning warn) {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    for (;;) {
        timer.expires_after(watch_interval);
        co_await timer.async_wait(io::asio::use_awaitable);
        for (auto const& topic : topics.all) {
            auto found = co_await cluster.metadata(topic.name, kafka_patience);
            bool const has_rows = std::ranges::any_of(
                topics.rows, [&](auto const& one) { return one.topic == topic.name; });
            if (has_rows && !found && found.error().code == io::kafka::errc::no_topic) {
                co_return retry_after("looking for its topics", found.error());
            }
            if (!found || found->topics.empty()) {
                continue; // what is away, or gone, the stream itself notices
            }
            auto const configs = co_await settings_of(cluster, topic.name);
            if (!configs || found->topics.front().partitions.empty()) {
                continue;
            }
            auto fit = check(found->topics.front(), topic.partitions, *configs);
            if (fit) {
                fit = accept(kafka, found->topics.front(), found->brokers.size(), *configs, warn);
            }
            if (!fit) {
                co_return fit.error();
            }
        }
        for (std::size_t number = 0; number < topics.rows.size(); ++number) {
            auto const end = co_await end_of(cluster, topics.rows[number]);
            if (end) { // else the earlier one holds
                told(number, *end);
            }
        }
    }
}

io::kafka::listener log_of(std::string who) {
    io::kafka::listener made;
    made.log = [who](io::kafka::log_line const& line) {
        auto const level = line.level <= 3   ? spdlog::level::warn
                           : line.level <= 4 ? spdlog::level::info
                                             : spdlog::level::debug;
        spdlog::log(level, "{}: {}", who, line.text);
    };
    made.trouble = [who](io::kafka::error const& error) {
        spdlog::warn("{}: {}", who, error.message);
    };
    return made;
}

} // namespace tandem::engine
