#include "engine/admin/status_view.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace tandem::engine {
namespace {

using json = nlohmann::ordered_json; // keys in the order people read them

// Reasons may quote a server's message in whatever encoding it was.
std::string dumped(json const& text, bool compact = false) {
    return text.dump(compact ? -1 : 2, ' ', false, json::error_handler_t::replace) + "\n";
}

json or_null(auto const& value) {
    return value ? json(*value) : json{};
}

json node_json(node_view const& seen) {
    json one;
    one["up"] = seen.up;
    one["version"] = seen.server_version;
    one["rank"] = seen.rank;
    if (seen.has_slot) {
        one["slot"] = {{"active", seen.slot_active},
                       {"retained_wal_bytes", seen.slot_retained_wal_bytes},
                       {"safe_wal_bytes", or_null(seen.slot_safe_wal_bytes)},
                       {"confirmed_lsn", to_string(seen.slot_confirmed)}};
    }
    return one;
}

// Nothing where nothing is known: the direction does not go through Kafka, or has not begun to.
json kafka_json(direction_view const& seen) {
    if (!seen.kafka_queue_records && !seen.kafka_lag_records) {
        return nullptr;
    }
    return {{"queue_records", or_null(seen.kafka_queue_records)},
            {"queue_bytes", or_null(seen.kafka_queue_bytes)},
            {"round_trip_seconds", or_null(seen.kafka_round_trip_seconds)},
            {"lag_records", or_null(seen.kafka_lag_records)}};
}

// "growing" where the lag does not get less.
json catch_up_json(direction_view const& seen) {
    if (!seen.catch_up_seconds) {
        return nullptr;
    }
    return std::isinf(*seen.catch_up_seconds) ? json("growing") : json(*seen.catch_up_seconds);
}

json by_type_json(direction_view const& seen) {
    json made = json::object();
    for (std::size_t at = 0; at < seen.conflicts_by_type.size(); ++at) {
        if (seen.conflicts_by_type[at] > 0) {
            made[std::string{conflict_name(at)}] = seen.conflicts_by_type[at];
        }
    }
    return made;
}

json direction_json(direction_view const& seen) {
    json one;
    one["state"] = to_string(seen.state);
    one["reason"] = seen.reason;
    one["lag_seconds"] = or_null(seen.lag_seconds);
    one["lag_bytes"] = seen.lag_bytes;
    one["rows_per_second"] = seen.rows_per_second;
    one["captured_per_second"] = seen.captured_per_second;
    one["latency_seconds"] = {{"p50", seen.latency.p50},
                              {"p99", seen.latency.p99},
                              {"p999", seen.latency.p999},
                              {"count", seen.latency.count}};
    one["catch_up_seconds"] = catch_up_json(seen);
    one["bytes_per_second"] = seen.bytes_per_second;
    one["captured"] = seen.captured;
    one["captured_transactions"] = seen.captured_transactions;
    one["captured_bytes"] = seen.captured_bytes;
    one["applied"] = seen.applied;
    one["applied_transactions"] = seen.applied_transactions;
    one["batches"] = seen.batches;
    one["echoes_stopped"] = seen.echoes_stopped;
    one["echoes_dropped"] = seen.echoes_dropped;
    one["foreign_records"] = seen.foreign_records;
    one["conflicts"] = seen.conflicts;
    one["conflicts_by_type"] = by_type_json(seen);
    one["parked"] = seen.parked;
    one["parked_now"] = seen.parked_now;
    one["dead_letters"] = seen.dead_letters;
    one["dead_letters_lost"] = seen.dead_letters_lost;
    one["retries"] = seen.retries;
    one["queue_bytes"] = seen.queue_bytes;
    one["spool_bytes"] = seen.spool_bytes;
    one["in_flight"] = seen.in_flight;
    one["received_lsn"] = to_string(seen.received);
    one["applied_lsn"] = to_string(seen.applied_at);
    one["confirmed_lsn"] = to_string(seen.confirmed);
    one["kafka"] = kafka_json(seen);
    json left_out = json::array();
    for (auto const& [table, reason] : seen.left_out) {
        left_out.push_back({{"table", table}, {"reason", reason}});
    }
    one["left_out"] = std::move(left_out);
    return one;
}

json check_json(table_check const& seen) {
    json one;
    one["at_us"] = seen.at_us;
    one["seconds"] = seen.seconds;
    one["rows"] = seen.rows;
    one["different"] = seen.different;
    one["undecided"] = seen.undecided;
    one["unsettled"] = seen.unsettled;
    one["keys"] = seen.keys;
    return one;
}

std::string reason_of(direction_view const& seen) {
    std::string text = fmt::format("{}:{}: {}", seen.source, seen.target, to_string(seen.state));
    if (!seen.reason.empty()) {
        text += ": " + seen.reason;
    }
    return text;
}

} // namespace

std::string status_json(status_view const& seen, bool compact) {
    json nodes = json::object();
    for (node_view const& each : seen.nodes) {
        nodes[each.name] = node_json(each);
    }
    json directions = json::object();
    for (direction_view const& each : seen.directions) {
        directions[each.source + ":" + each.target] = direction_json(each);
    }
    json checks = json::object();
    for (table_check const& each : seen.checks) {
        checks[each.table] = check_json(each);
    }
    json text;
    text["version"] = TANDEM_VERSION;
    text["uptime_seconds"] = static_cast<double>(seen.at_us - seen.started_at_us) / 1e6;
    text["policy"] = seen.policy;
    text["warnings"] = seen.warnings;
    text["ready"] = seen.ready();
    text["nodes"] = std::move(nodes);
    text["directions"] = std::move(directions);
    text["verified"] = std::move(checks);
    return dumped(text, compact);
}

std::string ready_text(status_view const& seen) {
    std::string text;
    for (node_view const& each : seen.nodes) {
        text += fmt::format("[{}]node {} {}\n", each.up ? '+' : '-', each.name,
                            each.up ? "ok" : "does not answer");
    }
    for (direction_view const& each : seen.directions) {
        bool const well = each.state == direction_state::streaming;
        text += fmt::format("[{}]direction {}\n", well ? '+' : '-', reason_of(each));
    }
    return text + (seen.ready() ? "ready\n" : "not ready\n");
}

std::string ready_json(status_view const& seen, bool verbose) {
    json text;
    text["ready"] = seen.ready();
    json reasons = json::array();
    json checks = json::object();
    for (direction_view const& each : seen.directions) {
        checks[each.source + ":" + each.target] = to_string(each.state);
        if (each.state != direction_state::streaming) {
            reasons.push_back(reason_of(each));
        }
    }
    if (seen.directions.empty()) {
        reasons.push_back("no direction runs yet");
    }
    text["reasons"] = std::move(reasons);
    if (verbose) {
        text["checks"] = std::move(checks);
    }
    return dumped(text);
}

} // namespace tandem::engine
