#include "engine/connect/source_settings.hpp"

#include "engine/connect/converter_settings.hpp"
#include "engine/connect/source_transforms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tandem::connect {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t queue_standard = std::size_t{32} << 20;

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char each) {
        return each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
    });
    return text;
}

bool is_on(property_map const& config, std::string_view name, bool standard) {
    return lower(text_in(config, name, standard ? "true" : "false")) == "true";
}

std::int64_t number_in(property_map const& config, std::string_view name, std::int64_t standard) {
    auto const read =
        parse_setting(name, text_in(config, name, std::to_string(standard)), setting_type::int64);
    return read ? std::get<std::int64_t>(*read) : standard;
}

// One of several words; the definitions have checked that it is one of all.
template <class Value, std::size_t Count>
std::optional<Value> choice(property_map const& config, std::string_view name,
                            std::string_view standard,
                            std::array<std::pair<std::string_view, Value>, Count> const& all) {
    auto const word = lower(text_in(config, name, standard));
    auto const* const found =
        std::ranges::find(all, std::string_view{word}, [](auto const& each) { return each.first; });
    return found == all.end() ? std::nullopt : std::optional{found->second};
}

problem not_here(property_map const& config, std::string_view name, std::string_view instead) {
    return {problem_kind::config, fmt::format("{}={} is not supported by tandem yet: {}", name,
                                              text_in(config, name), instead)};
}

std::optional<problem> read_values(property_map const& config, event::value_options& into) {
    using namespace event;
    constexpr std::array<std::pair<std::string_view, decimal_mode>, 3> decimals{
        {{"precise", decimal_mode::precise},
         {"string", decimal_mode::string},
         {"double", decimal_mode::double_}}};
    constexpr std::array<std::pair<std::string_view, time_mode>, 6> times{
        {{"adaptive", time_mode::adaptive},
         {"adaptive_time_microseconds", time_mode::adaptive_time_microseconds},
         {"connect", time_mode::connect},
         {"isostring", time_mode::isostring},
         {"microseconds", time_mode::microseconds},
         {"nanoseconds", time_mode::nanoseconds}}};
    constexpr std::array<std::pair<std::string_view, binary_mode>, 4> binaries{
        {{"bytes", binary_mode::bytes},
         {"base64", binary_mode::base64},
         {"base64-url-safe", binary_mode::base64_url_safe},
         {"hex", binary_mode::hex}}};
    constexpr std::array<std::pair<std::string_view, hstore_mode>, 2> hstores{
        {{"json", hstore_mode::json}, {"map", hstore_mode::map}}};
    constexpr std::array<std::pair<std::string_view, interval_mode>, 2> intervals{
        {{"numeric", interval_mode::numeric}, {"string", interval_mode::string}}};
    into.decimals = choice(config, "decimal.handling.mode", "precise", decimals)
                        .value_or(decimal_mode::precise);
    into.times =
        choice(config, "time.precision.mode", "adaptive", times).value_or(time_mode::adaptive);
    into.binaries =
        choice(config, "binary.handling.mode", "bytes", binaries).value_or(binary_mode::bytes);
    into.hstores =
        choice(config, "hstore.handling.mode", "json", hstores).value_or(hstore_mode::json);
    into.intervals = choice(config, "interval.handling.mode", "numeric", intervals)
                         .value_or(interval_mode::numeric);
    into.money_digits = static_cast<int>(number_in(config, "money.fraction.digits", 2));
    into.unavailable = text_in(config, "unavailable.value.placeholder", into.unavailable);
    if (into.unavailable.starts_with("hex:")) {
        return not_here(config, "unavailable.value.placeholder", "give it as a text");
    }
    return std::nullopt;
}

std::optional<problem> read_modes(property_map const& config, source_settings& into) {
    constexpr std::array<std::pair<std::string_view, publication_mode>, 4> publications{
        {{"all_tables", publication_mode::all_tables},
         {"disabled", publication_mode::disabled},
         {"filtered", publication_mode::filtered},
         {"no_tables", publication_mode::no_tables}}};
    constexpr std::array<std::pair<std::string_view, snapshot_mode>, 6> snapshots{
        {{"initial", snapshot_mode::initial},
         {"initial_only", snapshot_mode::initial_only},
         {"always", snapshot_mode::always},
         {"when_needed", snapshot_mode::when_needed},
         {"no_data", snapshot_mode::no_data},
         {"never", snapshot_mode::no_data}}};
    into.publishes = choice(config, "publication.autocreate.mode", "all_tables", publications)
                         .value_or(publication_mode::all_tables);
    auto const snapshot = choice(config, "snapshot.mode", "initial", snapshots);
    if (!snapshot || *snapshot == snapshot_mode::initial_only ||
        *snapshot == snapshot_mode::always || *snapshot == snapshot_mode::when_needed) {
        return not_here(config, "snapshot.mode", "initial and no_data are");
    }
    into.snapshot = *snapshot;
    return std::nullopt;
}

json_side side_of(property_map const& config, property_map const& worker, std::string_view name,
                  bool& replaces_nulls) {
    auto const& from = config.contains(name) ? config : worker;
    auto const told = with_prefix(from, fmt::format("{}.", name));
    json_side made;
    made.schemas = is_on(told, "schemas.enable", true);
    replaces_nulls = is_on(told, "replace.null.with.default", true);
    return made;
}

// There and without meaning here: said once, at the start.
std::vector<std::string> notes_of(property_map const& config) {
    constexpr std::array<std::string_view, 20> idle{
        "max.batch.size",
        "max.queue.size",
        "poll.interval.ms",
        "snapshot.fetch.size",
        "snapshot.max.threads",
        "snapshot.lock.timeout.ms",
        "snapshot.isolation.mode",
        "snapshot.locking.mode",
        "schema.refresh.mode",
        "slot.max.retries",
        "slot.retry.delay.ms",
        "database.sslfactory",
        "database.query.timeout.ms",
        "query.fetch.size",
        "retriable.restart.connector.wait.ms",
        "signal.poll.interval.ms",
        "table.ignore.builtin",
        "include.schema.comments",
        "lsn.flush.mode",
        "status.update.interval.ms",
    };
    std::vector<std::string> made;
    for (auto const name : idle) {
        if (config.contains(name)) {
            made.push_back(fmt::format("{} has no meaning for tandem", name));
        }
    }
    return made;
}

// What would change records and is not there yet is refused: nobody is to rely on it in vain.
std::optional<problem> missing(property_map const& config) {
    constexpr std::array<std::string_view, 7> not_yet{
        "converters",
        "post.processors",
        "column.propagate.source.type",
        "datatype.propagate.source.type",
        "replica.identity.autoset.values",
        "snapshot.select.statement.overrides",
        "slot.stream.params",
    };
    for (auto const name : not_yet) {
        if (!text_in(config, name).empty()) {
            return not_here(config, name, "leave it out");
        }
    }
    return std::nullopt;
}

// Signals and notifications. None: they can be had.
std::optional<problem> read_channels(property_map const& config, source_settings& into) {
    auto const signals =
        parse_setting("signal.enabled.channels",
                      text_in(config, "signal.enabled.channels", "source"), setting_type::list);
    for (auto const& each : std::get<string_list>(signals.value())) {
        if (each == "source") {
            into.row_signals = !text_in(config, "signal.data.collection").empty();
        } else if (each == "kafka") {
            into.signal_topic = text_in(config, "signal.kafka.topic", into.prefix + "-signal");
            into.signal_brokers = text_in(config, "signal.kafka.bootstrap.servers");
        } else {
            return not_here(config, "signal.enabled.channels", "source and kafka are");
        }
    }
    auto const news =
        parse_setting("notification.enabled.channels",
                      text_in(config, "notification.enabled.channels"), setting_type::list);
    for (auto const& each : std::get<string_list>(news.value())) {
        if (each == "sink") {
            into.notification_topic = text_in(config, "notification.sink.topic.name");
        } else if (each == "log") {
            into.notifications_logged = true;
        } else {
            return not_here(config, "notification.enabled.channels", "sink and log are");
        }
    }
    auto const rows = number_in(config, "incremental.snapshot.chunk.size", 1024);
    into.chunk_rows = static_cast<std::size_t>(std::clamp<std::int64_t>(rows, 1, 1'000'000));
    return std::nullopt;
}

std::string encoded(std::string_view text) {
    std::string made;
    for (char const each : text) {
        bool const plain = (each >= '0' && each <= '9') || (each >= 'a' && each <= 'z') ||
                           (each >= 'A' && each <= 'Z') || each == '-' || each == '_' ||
                           each == '.';
        made +=
            plain ? std::string(1, each) : fmt::format("%{:02X}", static_cast<unsigned char>(each));
    }
    return made;
}

} // namespace

std::string source_uri(property_map const& config) {
    auto made = fmt::format("postgresql://{}", encoded(text_in(config, "database.user")));
    if (auto const password = text_in(config, "database.password"); !password.empty()) {
        made += ':' + encoded(password);
    }
    made += fmt::format("@{}:{}/{}?sslmode={}", encoded(text_in(config, "database.hostname")),
                        text_in(config, "database.port", "5432"),
                        encoded(text_in(config, "database.dbname")),
                        lower(text_in(config, "database.sslmode", "prefer")));
    constexpr std::array<std::pair<std::string_view, std::string_view>, 4> files{
        {{"database.sslcert", "sslcert"},
         {"database.sslkey", "sslkey"},
         {"database.sslrootcert", "sslrootcert"},
         {"database.sslpassword", "sslpassword"}}};
    for (auto const& [from, to] : files) {
        if (auto const value = text_in(config, from); !value.empty()) {
            made += fmt::format("&{}={}", to, encoded(value));
        }
    }
    return made;
}

property_map with_new_names(property_map config) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> names{
        {{"database.server.name", "topic.prefix"},
         {"table.whitelist", "table.include.list"},
         {"table.blacklist", "table.exclude.list"},
         {"schema.whitelist", "schema.include.list"},
         {"schema.blacklist", "schema.exclude.list"}}};
    for (auto const& [old, now] : names) {
        auto const found = config.find(old);
        if (found != config.end() && !config.contains(now)) {
            config.emplace(now, found->second);
        }
    }
    return config;
}

outcome<source_settings> source_settings_of(task_setup const& from) {
    auto const config = with_new_names(from.config);
    if (auto why = missing(config)) {
        return std::move(*why);
    }
    source_settings made;
    made.node.name = from.connector;
    made.node.uri = source_uri(config);
    made.prefix = text_in(config, "topic.prefix");
    made.database = text_in(config, "database.dbname");
    made.slot = text_in(config, "slot.name", "debezium");
    made.publication = text_in(config, "publication.name", "dbz_publication");
    made.drop_slot = is_on(config, "slot.drop.on.stop", false);
    made.moves_slot = is_on(config, "flush.lsn.source", true);
    made.delimiter = text_in(config, "topic.delimiter", ".");
    if (auto why = read_modes(config, made)) {
        return std::move(*why);
    }
    if (auto why = read_values(config, made.values)) {
        return std::move(*why);
    }
    auto columns = column_changes::of(config);
    if (!columns) {
        return columns.error();
    }
    made.columns = std::move(*columns);
    auto keys = key_choices::of(text_in(config, "message.key.columns"));
    if (!keys) {
        return keys.error();
    }
    made.keys = std::move(*keys);
    auto tables = table_filter::of(config);
    if (!tables) {
        return tables.error();
    }
    made.tables = std::move(*tables);
    made.tombstones = is_on(config, "tombstones.on.delete", true);
    made.transactions = is_on(config, "provide.transaction.metadata", false);
    auto const skipped = parse_setting(
        "skipped.operations", text_in(config, "skipped.operations", "t"), setting_type::list);
    for (auto const& each : std::get<string_list>(skipped.value())) {
        if (each.size() == 1) {
            made.skipped.insert(each.front());
        }
    }
    auto const queue = number_in(config, "max.queue.size.in.bytes", 0);
    made.queue_bytes = queue > 0 ? static_cast<std::size_t>(queue) : queue_standard;
    made.heartbeat = std::chrono::milliseconds{number_in(config, "heartbeat.interval.ms", 0)};
    made.heartbeat_prefix =
        text_in(config, "topic.heartbeat.prefix",
                text_in(config, "heartbeat.topics.prefix", "__debezium-heartbeat"));
    made.heartbeat_query = text_in(config, "heartbeat.action.query");
    made.key = side_of(config, from.worker, "key.converter", made.values.replace_nulls);
    made.value = side_of(config, from.worker, "value.converter", made.values.replace_nulls);
    made.transforms = !goes_as_encoded(config, from.worker);
    if (made.transforms) { // which need all that a schema says, and a null as it is
        made.key.schemas = made.value.schemas = true;
        made.values.replace_nulls = false;
    }
    if (auto why = read_channels(config, made)) {
        return std::move(*why);
    }
    made.notes = notes_of(config);
    return made;
}

} // namespace tandem::connect
