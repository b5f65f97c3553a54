#include "engine/console/health.hpp"

#include "codecs/sql/parked_statements.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <utility>

namespace tandem::console {
namespace {

using engine::direction_state;
using engine::direction_view;
using engine::node_view;

constexpr double long_lag_seconds = 30;
constexpr std::uint64_t much_wal = std::uint64_t{1} << 30;

std::string bytes_text(std::uint64_t bytes) {
    constexpr char const* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < std::size(units)) {
        value /= 1024;
        ++unit;
    }
    return fmt::format("{:.{}f} {}", value, unit == 0 ? 0 : 1, units[unit]);
}

health_check reachable(node_view const& node) {
    if (node.up) {
        return {"node " + node.name,
                check_level::well,
                fmt::format("PostgreSQL {} answers", node.server_version / 10'000),
                {}};
    }
    return {"node " + node.name, check_level::bad, "does not answer",
            "start the server, or look at its log and at the address in --node"};
}

health_check slot(node_view const& node) {
    auto const name = "slot of " + node.name;
    auto const kept = bytes_text(node.slot_retained_wal_bytes);
    if (!node.slot_active) {
        return {name, check_level::bad, fmt::format("not read; {} of WAL kept", kept),
                "WAL piles up until the slot is read: see why the direction does not stream"};
    }
    if (node.slot_safe_wal_bytes && *node.slot_safe_wal_bytes < node.slot_retained_wal_bytes) {
        return {name, check_level::bad,
                fmt::format("{} of WAL kept, {} until the slot is lost", kept,
                            bytes_text(*node.slot_safe_wal_bytes)),
                "raise max_slot_wal_keep_size, or cure what holds the direction up"};
    }
    if (node.slot_retained_wal_bytes > much_wal) {
        return {name, check_level::warning, kept + " of WAL kept",
                "look at the lag of what is read from it; an open transaction holds WAL as well "
                "(pg_stat_activity.xact_start)"};
    }
    return {name, check_level::well, fmt::format("active, {} of WAL kept", kept), {}};
}

std::string way(direction_view const& seen) {
    return seen.source + " \xE2\x86\x92 " + seen.target;
}

health_check streaming(direction_view const& seen) {
    auto const state = std::string{to_string(seen.state)};
    auto const text = seen.reason.empty() ? state : state + ": " + seen.reason;
    switch (seen.state) {
    case direction_state::streaming:
        return {way(seen), check_level::well, state, {}};
    case direction_state::starting:
    case direction_state::snapshot:
    case direction_state::standby:
        return {way(seen), check_level::warning, text, "it passes by itself"};
    case direction_state::retrying:
        return {way(seen), check_level::warning, text,
                "it goes on by itself once the cause is gone"};
    default:
        return {way(seen), check_level::bad, text, "it waits for a decision: the reason names it"};
    }
}

health_check lag(direction_view const& seen) {
    auto const name = "lag " + way(seen);
    if (!seen.lag_seconds) {
        return {name, check_level::warning, "not known yet", "it is known once something was read"};
    }
    auto const says = fmt::format("{:.1f} s, {}", *seen.lag_seconds, bytes_text(seen.lag_bytes));
    bool const grows = seen.catch_up_seconds && std::isinf(*seen.catch_up_seconds);
    if (*seen.lag_seconds > long_lag_seconds) {
        return {name, grows ? check_level::bad : check_level::warning,
                says + (grows ? ", growing" : ", shrinking"),
                grows ? "the target writes slower than the source: see its load, locks and missing "
                        "indexes (tandem doctor)"
                      : "it catches up"};
    }
    return {name, check_level::well, says, {}};
}

health_check held_back(direction_view const& seen) {
    auto const name = "parked " + way(seen);
    if (seen.parked_now == 0) {
        return {name, check_level::well, "nothing waits", {}};
    }
    return {name, check_level::warning,
            fmt::format("{}{} wait", seen.parked_now,
                        seen.parked_now < sql::parked_counted_most ? "" : " or more"),
            "tandem parked list shows why; tandem parked retry applies them once cured"};
}

health_check loops(direction_view const& seen) {
    auto const name = "loops " + way(seen);
    if (seen.echoes_dropped > 0) {
        return {name, check_level::bad,
                fmt::format("{} records of this node came back through Kafka and were dropped",
                            seen.echoes_dropped),
                "another writer copies the topic: end it"};
    }
    return {name,
            check_level::well,
            fmt::format("{} echoes stopped at the source", seen.echoes_stopped),
            {}};
}

} // namespace

std::string_view to_string(check_level level) noexcept {
    switch (level) {
    case check_level::well:
        return "ok";
    case check_level::warning:
        return "warning";
    case check_level::bad:
        return "bad";
    }
    return "bad";
}

std::vector<health_check> health_of(engine::status_view const& seen) {
    std::vector<health_check> checks;
    for (auto const& node : seen.nodes) {
        checks.push_back(reachable(node));
        if (node.has_slot) {
            checks.push_back(slot(node));
        }
    }
    for (auto const& direction : seen.directions) {
        checks.push_back(streaming(direction));
        checks.push_back(lag(direction));
        checks.push_back(held_back(direction));
        checks.push_back(loops(direction));
    }
    for (auto const& warning : seen.warnings) {
        checks.push_back({"warning", check_level::warning, warning, "the sentence names it"});
    }
    return checks;
}

std::string health_json(std::vector<health_check> const& checks) {
    auto made = nlohmann::ordered_json::array();
    for (auto const& each : checks) {
        made.push_back({{"name", each.name},
                        {"level", to_string(each.level)},
                        {"says", each.says},
                        {"cure", each.cure}});
    }
    return made.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

} // namespace tandem::console
