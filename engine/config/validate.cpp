#include "engine/config/load.hpp"
#include "engine/config/quantity.hpp"
#include "engine/config/redact.hpp"
#include "engine/core/names.hpp"

#include <fmt/format.h>

#include <charconv>

namespace tandem::engine {
namespace {

bool is_node_name(std::string_view name) noexcept {
    if (name.empty() || name.size() > node_name_max || name.front() < 'a' || name.front() > 'z') {
        return false;
    }
    for (char const each : name) {
        bool const allowed =
            (each >= 'a' && each <= 'z') || (each >= '0' && each <= '9') || each == '_';
        if (!allowed) {
            return false;
        }
    }
    return true;
}

void check_one_way(options const& set) {
    auto const& [source, target] = *set.one_way;
    for (std::string const& name : {source, target}) {
        if (set.member(name) == nullptr) {
            throw config_error{
                fmt::format("--one-way {}:{}: there is no node '{}'; name nodes given "
                            "with --node or --peer",
                            source, target, name)};
        }
    }
    if (source == target) {
        throw config_error{
            fmt::format("--one-way {}:{}: source and target are the same node", source, target)};
    }
}

void check_first_sync(options const& set) {
    if (set.first_sync != first_sync::from) {
        return;
    }
    if (set.member(set.first_sync_from) == nullptr) {
        throw config_error{
            fmt::format("--first-sync from={0}: there is no node '{0}'", set.first_sync_from)};
    }
    if (set.one_way && set.one_way->first != set.first_sync_from) {
        throw config_error{
            fmt::format("--first-sync from={}: nothing goes out from that node (--one-way {}:{})",
                        set.first_sync_from, set.one_way->first, set.one_way->second)};
    }
}

void check_on_gap(options const& set) {
    if (set.on_gap == gap_care::stop) {
        return;
    }
    if (set.transport != transport::direct) {
        throw config_error{
            "--on-gap reconcile is possible with --transport direct only in this version: a "
            "topic's chain cannot begin anew under its readers"};
    }
    if (!set.origin_column.empty()) {
        throw config_error{"--on-gap reconcile sends rows again under a replication origin, which "
                           "--origin-column is there to do without"};
    }
}

void check_verify_every(options const& set) {
    if (set.verify_every.count() > 0 && !set.peers.empty()) {
        throw config_error{
            "--verify-every compares tables of two databases, and with --peer one of them is out of reach: "
            "run 'tandem verify' from where both are"};
    }
}

// Those that ask what a writer had seen (R13): both nodes' streams have to be read here.
void check_policy(options const& set, conflict_policy policy, std::string const& winner,
                  std::string const& told) {
    if (policy == conflict_policy::node_wins && set.member(winner) == nullptr) {
        throw config_error{fmt::format("{}: there is no node '{}'", told, winner)};
    }
    if (!tells_seen(policy)) {
        return;
    }
    if (set.one_way) {
        throw config_error{fmt::format("{} needs both directions; leave --one-way out, or use "
                                       "last-update-wins or apply-remote",
                                       told)};
    }
    if (set.transport != transport::direct) {
        throw config_error{fmt::format("{} is possible with --transport direct only in this "
                                       "version; use last-update-wins",
                                       told)};
    }
}

void check_conflict(options const& set) {
    if (set.conflict) {
        check_policy(set, *set.conflict, set.winner,
                     "--conflict " + policy_text(*set.conflict, set.winner));
    }
    for (table_policy const& each : set.table_conflicts) {
        check_policy(set, each.policy, each.winner, "--table-conflict " + policy_text(each));
    }
}

void check_name(std::string const& name) {
    if (!is_node_name(name)) {
        throw config_error{fmt::format("node name '{}': expected a lower-case letter, then "
                                       "lower-case letters, digits or _, at most {} in all",
                                       name, node_name_max)};
    }
}

} // namespace

void validate_nodes(options const& set, std::size_t least) {
    constexpr std::size_t nodes_max = 2;
    if (set.nodes.size() < least) {
        throw config_error{
            fmt::format("{} of {} nodes given; name them with --node NAME=URI (flag), "
                        "TANDEM_NODE (environment) or [[node]] (file)",
                        set.nodes.size(), least)};
    }
    std::size_t const members = set.nodes.size() + set.peers.size();
    if (members > nodes_max) {
        throw config_error{fmt::format("{} nodes given{}; this version syncs two", members,
                                       set.peers.empty() ? "" : ", peers included")};
    }
    for (node_options const& peer : set.peers) {
        check_name(peer.name);
        if (set.node(peer.name) != nullptr) {
            throw config_error{
                fmt::format("--peer {}: it is given with --node too; a peer is served by another "
                            "site, so leave out one of the two",
                            peer.name)};
        }
    }
    for (std::size_t i = 0; i < set.nodes.size(); ++i) {
        node_options const& node = set.nodes[i];
        check_name(node.name);
        for (std::size_t j = 0; j < i; ++j) {
            if (set.nodes[j].name == node.name) {
                throw config_error{fmt::format("node name '{}' is given twice", node.name)};
            }
            if (set.nodes[j].uri == node.uri) {
                throw config_error{
                    fmt::format("nodes {} and {} have the same connection string ({}); they "
                                "must be two databases",
                                set.nodes[j].name, node.name, redact(node.uri))};
            }
        }
    }
    if (set.one_way) {
        check_one_way(set);
    }
    check_first_sync(set);
    check_on_gap(set);
    check_verify_every(set);
    check_conflict(set);
}

listen_address parse_listen(std::string_view text) {
    auto const fail = [text]() {
        return config_error{
            fmt::format("--listen '{}': expected ADDRESS:PORT (such as 127.0.0.1:8083 "
                        "or [::1]:8083) or off",
                        text)};
    };
    std::size_t const colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) {
        throw fail();
    }
    listen_address read;
    std::string_view const port = text.substr(colon + 1);
    auto const [stop, failed] = std::from_chars(port.data(), port.data() + port.size(), read.port);
    if (failed != std::errc{} || stop != port.data() + port.size()) {
        throw fail();
    }
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        throw fail(); // an IPv6 address needs its brackets, or the port could not be told apart
    }
    if (host.empty()) {
        throw fail();
    }
    read.host = std::string{host};
    // "127.example.com" is a name like any other.
    bool const ipv4 = host.find_first_not_of("0123456789.") == std::string_view::npos;
    read.loopback = host == "localhost" || host == "::1" || (ipv4 && host.starts_with("127."));
    return read;
}

void validate_sites(options const& set) {
    validate_nodes(set, set.peers.empty() ? 2 : 1);
}

void validate_brokers(options const& set) {
    if (set.brokers.empty()) {
        throw config_error{"no brokers given; name them with --brokers HOST:PORT,... (flag), "
                           "TANDEM_BROKERS (environment) or brokers (file)"};
    }
    // librdkafka takes a port as it comes, modulo 65536.
    std::string_view left = set.brokers;
    for (bool more = true; more;) {
        auto const comma = left.find(',');
        more = comma != std::string_view::npos;
        auto const one = left.substr(0, comma);
        left.remove_prefix(more ? comma + 1 : left.size());
        auto const colon = one.rfind(':');
        if (colon == std::string_view::npos || one.ends_with(']')) {
            continue; // its port is 9092
        }
        auto const port = one.substr(colon + 1);
        int number = 0;
        auto const [stop, failed] = std::from_chars(port.data(), port.data() + port.size(), number);
        if (failed != std::errc{} || stop != port.data() + port.size() || number < 1 ||
            number > 65'535) {
            throw config_error{
                fmt::format("--brokers {}: the port of {} is none; it is a number from 1 "
                            "to 65535",
                            set.brokers, one)};
        }
    }
}

void validate_listen(options const& set) {
    if (set.listen == "off") {
        return;
    }
    listen_address const address = parse_listen(set.listen);
    if (set.tls_certificate.empty() != set.tls_key.empty()) {
        throw config_error{"--tls-cert and --tls-key belong together: give both or none"};
    }
    bool const guarded = !set.tls_certificate.empty() && !set.token_file.empty();
    if (!address.loopback && !set.insecure_listen && !guarded) {
        throw config_error{fmt::format(
            "--listen {}: others can reach that address: it needs --token-file, --tls-cert and --tls-key; listen on "
            "127.0.0.1, give these, or permit plain HTTP for everybody with --insecure-listen",
            set.listen)};
    }
}

void validate_run(options const& set) {
    validate_listen(set);
    if (set.transport == transport::kafka && set.brokers.empty()) {
        throw config_error{"--transport kafka needs --brokers HOST:PORT,..."};
    }
    if (set.transport == transport::kafka) {
        validate_brokers(set);
    }
    if (set.transport == transport::direct && !set.peers.empty()) {
        throw config_error{fmt::format("--peer {} needs --transport kafka: another site's database "
                                       "is reached through Kafka only",
                                       set.peers.front().name)};
    }
    if (set.transport == transport::direct && !set.brokers.empty()) {
        throw config_error{
            "--brokers has no effect without --transport kafka; add the one or leave "
            "out the other"};
    }
    if (set.transport == transport::direct && !set.kafka_properties.empty()) {
        throw config_error{fmt::format("the property kafka.{} has no effect without --transport "
                                       "kafka; add the one or leave out the other",
                                       set.kafka_properties.front().first)};
    }
    bool const per_table = set.topics == topic_layout::per_table;
    if (set.transport == transport::direct && per_table) {
        throw config_error{
            "--topics per-table has no effect without --transport kafka; add the one "
            "or leave out the other"};
    }
    if (set.transport == transport::direct && set.event_schemas) {
        throw config_error{
            "--event-schemas on has no effect without --transport kafka; add the one "
            "or leave out the other"};
    }
    if (set.table_partitions_named && !per_table) {
        throw config_error{
            "--table-partitions has no effect without --topics per-table; add the one "
            "or leave out the other"};
    }
    if (set.batch_bytes > set.queue_bytes) {
        throw config_error{
            fmt::format("--batch-bytes {} exceeds --queue-bytes {}: a batch would never "
                        "be complete; lower the first or raise the second",
                        format_size(set.batch_bytes), format_size(set.queue_bytes))};
    }
}

} // namespace tandem::engine
