#include "io/kafka/properties.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>

namespace tandem::io::kafka {

namespace {

enum class serves { all, producer, consumer };

struct allowed_property {
    std::string_view name;
    serves whom = serves::all;
    bool secret = false;
};

constexpr allowed_property allowed[] = {
    // who we are, and how the connection is protected
    {"client.id"},
    {"client.rack"},
    {"security.protocol"},
    {"ssl.cipher.suites"},
    {"ssl.curves.list"},
    {"ssl.sigalgs.list"},
    {"ssl.key.location"},
    {"ssl.key.password", serves::all, true},
    {"ssl.key.pem", serves::all, true},
    {"ssl.certificate.location"},
    {"ssl.certificate.pem"},
    {"ssl.ca.location"},
    {"ssl.ca.pem"},
    {"ssl.crl.location"},
    {"ssl.keystore.location"},
    {"ssl.keystore.password", serves::all, true},
    {"ssl.endpoint.identification.algorithm"},
    {"enable.ssl.certificate.verification"},
    {"sasl.mechanism"},
    {"sasl.mechanisms"},
    {"sasl.username"},
    {"sasl.password", serves::all, true},
    // connections
    {"socket.timeout.ms"},
    {"socket.send.buffer.bytes"},
    {"socket.receive.buffer.bytes"},
    {"socket.keepalive.enable"},
    {"socket.connection.setup.timeout.ms"},
    {"connections.max.idle.ms"},
    {"broker.address.ttl"},
    {"broker.address.family"},
    {"reconnect.backoff.ms"},
    {"reconnect.backoff.max.ms"},
    {"topic.metadata.refresh.interval.ms"},
    {"metadata.max.age.ms"},
    {"statistics.interval.ms"},
    {"log_level"},
    {"log.connection.close"},
    // sizes and times of one side
    {"message.max.bytes"},
    {"receive.message.max.bytes"},
    {"compression.type", serves::producer},
    {"compression.codec", serves::producer},
    {"compression.level", serves::producer},
    {"linger.ms", serves::producer},
    {"queue.buffering.max.messages", serves::producer},
    {"queue.buffering.max.kbytes", serves::producer},
    {"batch.size", serves::producer},
    {"batch.num.messages", serves::producer},
    {"max.in.flight.requests.per.connection", serves::producer},
    {"max.in.flight", serves::producer},
    {"retry.backoff.ms", serves::producer},
    {"request.timeout.ms", serves::producer},
    {"fetch.min.bytes", serves::consumer},
    {"fetch.wait.max.ms", serves::consumer},
    {"fetch.max.bytes", serves::consumer},
    {"fetch.message.max.bytes", serves::consumer},
    {"max.partition.fetch.bytes", serves::consumer},
    {"fetch.error.backoff.ms", serves::consumer},
    {"queued.min.messages", serves::consumer},
    {"queued.max.messages.kbytes", serves::consumer},
    {"check.crcs", serves::consumer},
};

struct refused_property {
    std::string_view name; // with a '*' at its end: all that begin so
    std::string_view why;
};

constexpr std::string_view no_group =
    "partitions are owned through a lease in the database, not through a consumer group";
constexpr std::string_view progress =
    "progress is kept in the sink's database, in the transaction of the data";
constexpr std::string_view never_given_up =
    "a record that is given up may be in the log all the same, with its successors behind a hole: "
    "tandem tries until the brokers answer";
constexpr std::string_view wiring = "it belongs to tandem's own wiring of the client";
constexpr std::string_view no_code = "it loads foreign code into the process";
constexpr std::string_view once = "records must reach the log once and in order";
constexpr std::string_view java_truststore =
    "it is a name of the Java clients: ssl.ca.location takes the certificates as a PEM file";

constexpr refused_property refused[] = {
    {"bootstrap.servers", "the brokers have an option of their own"},
    {"metadata.broker.list", "the brokers have an option of their own"},
    {"acks", "a position counts as stored only when all in-sync replicas have it: always all"},
    {"request.required.acks",
     "a position counts as stored only when all in-sync replicas have it: always all"},
    {"enable.idempotence", once},
    {"enable.gapless.guarantee", "it was measured to change nothing"},
    {"queuing.strategy", once},
    {"msg_order_cmp", once},
    {"transaction*", "doubles are found by the positions in the records' headers, without Kafka's "
                     "transactions"},
    {"isolation.level", "tandem's records are in no transaction of Kafka"},
    {"message.timeout.ms", never_given_up},
    {"delivery.timeout.ms", never_given_up},
    {"retries", never_given_up},
    {"message.send.max.retries", never_given_up},
    {"partitioner*", "tandem chooses each record's partition, as the Java clients would"},
    {"sticky.partitioning.linger.ms", "tandem chooses each record's partition"},
    {"delivery.report.only.error", "each record's report is needed to confirm its position"},
    {"produce.offset.report", "each record's report is needed to confirm its position"},
    {"enable.auto.commit", progress},
    {"auto.commit*", progress},
    {"enable.auto.offset.store", progress},
    {"offset.store*", progress},
    {"auto.offset.reset", "a position that the log no longer has is a gap, which must be seen and "
                          "not jumped: always error"},
    {"group.*", no_group},
    {"partition.assignment.strategy", no_group},
    {"session.timeout.ms", no_group},
    {"heartbeat.interval.ms", no_group},
    {"coordinator.query.interval.ms", no_group},
    {"max.poll.interval.ms", no_group},
    {"enable.partition.eof", "tandem asks for the ends of partitions where it needs them"},
    {"allow.auto.create.topics",
     "topics are created by tandem, with their number of partitions pinned"},
    {"debug", "debugging output may hold credentials in forms that cannot be found and removed"},
    {"plugin.library.paths", no_code},
    {"ssl.engine*", no_code},
    {"ssl.providers", no_code},
    {"sasl.kerberos*", "Kerberos is not supported: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 and TLS "
                       "certificates are"},
    {"sasl.oauthbearer*", "OAuth is not supported: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 and TLS "
                          "certificates are"},
    {"enable.sasl.oauthbearer*", "OAuth is not supported: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 and "
                                 "TLS certificates are"},
    {"sasl.jaas.config",
     "it is a name of the Java clients: use sasl.mechanism, sasl.username and sasl.password"},
    {"ssl.truststore*", java_truststore},
    {"ssl.keystore.type", "only PKCS#12 key stores are read: leave it out"},
    {"buffer.memory",
     "it is a name of the Java clients: queue.buffering.max.kbytes is librdkafka's"},
    {"max.request.size", "it is a name of the Java clients: message.max.bytes is librdkafka's"},
    {"queue.buffering.max.ms", "use its other name, linger.ms"},
    {"queue.buffering.backpressure.threshold", wiring},
    {"topic.metadata.refresh.fast*", wiring},
    {"topic.metadata.refresh.sparse", wiring},
    {"topic.metadata.propagation.max.ms", wiring},
    {"topic.blacklist", wiring},
    {"socket.nagle.disable", "it is always on: small records would wait for each other"},
    {"socket.max.fails", wiring},
    {"socket.blocking.max.ms", wiring},
    {"message.copy.max.bytes", wiring},
    {"consume.callback.max.messages", wiring},
    {"api.version*", "brokers since 0.10 tell their versions themselves"},
    {"broker.version.fallback", "brokers since 0.10 tell their versions themselves"},
    {"enabled_events", wiring},
    {"log.queue", wiring},
    {"log.thread.name", wiring},
    {"internal.termination.signal", wiring},
    {"enable.random.seed", wiring},
    {"builtin.features", wiring},
};

allowed_property const* find_allowed(std::string_view name) {
    auto const* one =
        std::find_if(std::begin(allowed), std::end(allowed),
                     [name](allowed_property const& known) { return known.name == name; });
    return one != std::end(allowed) ? one : nullptr;
}

std::string_view reason_to_refuse(std::string_view name) {
    for (auto const& one : refused) {
        bool const family = one.name.ends_with('*');
        auto const stem = one.name.substr(0, one.name.size() - (family ? 1 : 0));
        if (family ? name.starts_with(stem) : name == stem) {
            return one.why;
        }
    }
    return {};
}

// Levenshtein's.
std::size_t distance(std::string_view left, std::string_view right) {
    std::vector<std::size_t> row(right.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t at = 0; at < left.size(); ++at) {
        std::size_t corner = std::exchange(row[0], at + 1);
        for (std::size_t other = 0; other < right.size(); ++other) {
            std::size_t const replaced = corner + (left[at] == right[other] ? 0 : 1);
            corner = row[other + 1];
            row[other + 1] = std::min({replaced, row[other] + 1, corner + 1});
        }
    }
    return row.back();
}

std::string_view nearest(std::string_view name) {
    std::string_view best;
    std::size_t least = name.size() + 1000;
    for (auto const& one : allowed) {
        if (auto const far = distance(name, one.name); far < least) {
            least = far;
            best = one.name;
        }
    }
    return best;
}

std::optional<std::string> value_problem(std::string_view name, std::string_view value) {
    bool const in_flight = name.starts_with("max.in.flight");
    if (in_flight && (value.size() != 1 || value < "1" || value > "5")) {
        return fmt::format("{} is 1 to 5: with more on the way the brokers cannot keep records in "
                           "order",
                           name);
    }
    if (name.starts_with("sasl.mechanism") && value != "PLAIN" && value != "SCRAM-SHA-256" &&
        value != "SCRAM-SHA-512") {
        return fmt::format("{} is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", name);
    }
    return std::nullopt;
}

} // namespace

std::optional<std::string> property_problem(std::string_view name, std::string_view value) {
    if (find_allowed(name) != nullptr) {
        return value_problem(name, value);
    }
    if (auto const why = reason_to_refuse(name); !why.empty()) {
        return fmt::format("the Kafka property {} cannot be set: {}", name, why);
    }
    if (name.ends_with("_cb") || name.ends_with("opaque")) {
        return fmt::format("the Kafka property {} cannot be set: {}", name, wiring);
    }
    return fmt::format("there is no Kafka property {}; the nearest is {}", name, nearest(name));
}

bool property_serves(std::string_view name, role client) {
    auto const* known = find_allowed(name);
    if (known == nullptr || known->whom == serves::all) {
        return known != nullptr;
    }
    return known->whom == (client == role::consumer ? serves::consumer : serves::producer) &&
           client != role::admin;
}

bool property_is_secret(std::string_view name) {
    auto const* known = find_allowed(name);
    return known == nullptr || known->secret; // what we do not know may hold anything
}

std::vector<std::string> secrets_of(properties const& set) {
    std::vector<std::string> found;
    for (auto const& [name, value] : set) {
        if (property_is_secret(name) && !value.empty()) {
            found.push_back(value);
        }
    }
    std::sort(found.begin(), found.end(),
              [](auto const& left, auto const& right) { return left.size() > right.size(); });
    return found;
}

std::string redact(std::string_view text, std::vector<std::string> const& secrets) {
    std::string kept;
    kept.reserve(text.size());
    while (!text.empty()) {
        auto const secret = std::find_if(secrets.begin(), secrets.end(), [text](auto const& one) {
            return !one.empty() && text.starts_with(one);
        });
        if (secret != secrets.end()) {
            kept += "***";
            text.remove_prefix(secret->size());
        } else {
            kept += text.front();
            text.remove_prefix(1);
        }
    }
    return kept;
}

} // namespace tandem::io::kafka
