#include "engine/admin/status_view.hpp"

#include <algorithm>
#include <limits>

namespace tandem::engine {
namespace {

// The loop that notes "caught up" comes by several times a second: no news for this long is a lag.
constexpr std::int64_t fresh_us = 1'000'000;

lsn position(counter const& from) noexcept {
    return {from.load(std::memory_order_relaxed)};
}

std::uint64_t number(counter const& from) noexcept {
    return from.load(std::memory_order_relaxed);
}

std::int64_t instant(counter const& from) noexcept {
    return static_cast<std::int64_t>(from.load(std::memory_order_relaxed));
}

std::optional<std::uint64_t> known(kafka_figures::figure const& from) noexcept {
    auto const value = from.load(std::memory_order_relaxed);
    return value >= 0 ? std::optional{static_cast<std::uint64_t>(value)} : std::nullopt;
}

void view_kafka(direction_stats const& stats, direction_view& seen) {
    seen.echoes_dropped = number(stats.count.echoes_dropped);
    seen.foreign_records = number(stats.count.foreign_records);
    seen.kafka_queue_records = known(stats.kafka.queue_records);
    seen.kafka_queue_bytes = known(stats.kafka.queue_bytes);
    seen.kafka_lag_records = known(stats.kafka.lag_records);
    if (auto const round_trip = known(stats.kafka.round_trip_us)) {
        seen.kafka_round_trip_seconds = static_cast<double>(*round_trip) / 1e6;
    }
}

std::uint64_t lag_bytes(direction_counters const& count) noexcept {
    lsn const done = std::max(position(count.applied_lsn), position(count.confirmed_lsn));
    lsn const end = position(count.server_wal_end);
    return end > done ? end.value - done.value : 0;
}

direction_view view_of(direction_stats const& stats, std::int64_t now_us) {
    direction_counters const& count = stats.count;
    auto const [state, reason] = stats.state();
    direction_view seen;
    seen.source = stats.source;
    seen.target = stats.target;
    seen.state = state;
    seen.reason = reason;
    seen.lag_seconds =
        lag_seconds(now_us, instant(count.caught_up_at_us), instant(count.last_commit_us));
    if (auto const heard = count.heard_us.load(std::memory_order_relaxed); heard > 0) {
        seen.heard_seconds =
            std::max(0.0, static_cast<double>(now_us - static_cast<std::int64_t>(heard)) / 1e6);
    }
    seen.captured = number(count.captured_rows);
    seen.captured_transactions = number(count.captured_transactions);
    seen.captured_bytes = number(count.captured_bytes);
    seen.applied = number(count.applied_rows);
    seen.applied_transactions = number(count.applied_transactions);
    seen.batches = number(count.batches);
    seen.echoes_stopped = number(count.echoes_stopped);
    for (std::size_t at = 0; at < count.conflicts.size(); ++at) {
        seen.conflicts_by_type[at] = number(count.conflicts[at]);
    }
    seen.conflicts = sum(count.conflicts);
    seen.parked = number(count.parked);
    seen.parked_now = number(count.parked_now);
    seen.dead_letters = number(count.dead_letters);
    seen.dead_letters_lost = number(count.dead_letters_lost);
    seen.retries = number(count.retries);
    seen.queue_bytes = number(count.queue_bytes);
    seen.queue_changes = number(count.queue_changes);
    seen.spool_bytes = number(count.spool_bytes);
    seen.in_flight = number(count.in_flight);
    seen.received = position(count.received_lsn);
    seen.applied_at = position(count.applied_lsn);
    seen.confirmed = position(count.confirmed_lsn);
    seen.lag_bytes = lag_bytes(count);
    seen.left_out = stats.left_out();
    seen.end_to_end = stats.end_to_end.seen();
    seen.captured_latency = stats.captured.seen();
    seen.consumed_latency = stats.consumed.seen();
    seen.applied_latency = stats.applied.seen();
    seen.batch_rows = stats.batch_rows.seen();
    view_kafka(stats, seen);
    return seen;
}

node_view view_of(node_stats const& stats) {
    node_view seen;
    seen.name = stats.name;
    seen.rank = stats.rank;
    seen.up = stats.up.load(std::memory_order_relaxed);
    seen.server_version = stats.server_version.load(std::memory_order_relaxed);
    seen.slot_active = stats.slot_active.load(std::memory_order_relaxed);
    seen.slot_retained_wal_bytes = number(stats.slot_retained_wal_bytes);
    seen.slot_confirmed = position(stats.slot_confirmed_lsn);
    if (auto const safe = stats.slot_safe_wal_bytes.load(std::memory_order_relaxed); safe >= 0) {
        seen.slot_safe_wal_bytes = static_cast<std::uint64_t>(safe);
    }
    return seen;
}

} // namespace

void rate_meter::sample(std::int64_t at_us, std::uint64_t value) noexcept {
    std::size_t const newest = (next_ + samples_max - 1) % samples_max;
    if (count_ > 0 && at_us - samples_[newest].at_us < interval_us) {
        return;
    }
    samples_[next_] = {at_us, value};
    next_ = (next_ + 1) % samples_max;
    count_ = std::min(count_ + 1, samples_max);
}

double rate_meter::per_second(std::int64_t at_us, std::uint64_t value) const noexcept {
    if (count_ == 0) {
        return 0;
    }
    entry const& oldest = samples_[count_ < samples_max ? 0 : next_];
    std::int64_t const passed = at_us - oldest.at_us;
    if (passed <= 0 || value < oldest.value) {
        return 0;
    }
    return static_cast<double>(value - oldest.value) * 1e6 / static_cast<double>(passed);
}

bool status_view::ready() const noexcept {
    return !directions.empty() &&
           std::all_of(directions.begin(), directions.end(), [](direction_view const& each) {
               return each.state == direction_state::streaming;
           });
}

void status_board::sample(std::int64_t now_us) {
    meters_.resize(stats_.directions.size());
    for (std::size_t i = 0; i < meters_.size(); ++i) {
        direction_counters const& count = stats_.directions[i]->count;
        meters_[i].rows.sample(now_us, number(count.applied_rows));
        meters_[i].bytes.sample(now_us, number(count.captured_bytes));
        meters_[i].captured.sample(now_us, number(count.captured_rows));
        keep(meters_[i], *stats_.directions[i], now_us);
    }
    if (number_ == 0 || now_us - sampled_at_us_ >= rate_meter::interval_us / 2) {
        sampled_at_us_ = now_us;
        ++number_;
    }
}

// As often as the rates' samples are.
void status_board::keep(meters& of, direction_stats const& stats, std::int64_t now_us) const {
    if (of.count > 0 && now_us - of.at_us[of.newest] < rate_meter::interval_us) {
        return;
    }
    of.newest = of.count == 0 ? 0 : (of.newest + 1) % rate_meter::samples_max;
    of.count = std::min(of.count + 1, rate_meter::samples_max);
    of.latency[of.newest] = stats.end_to_end.seen();
    of.at_us[of.newest] = now_us;
    of.lag_bytes[of.newest] = static_cast<double>(lag_bytes(stats.count));
}

void status_board::tell_latency(meters const& of, direction_view& seen) {
    if (of.count == 0) {
        return;
    }
    auto const oldest =
        of.count < rate_meter::samples_max ? 0 : (of.newest + 1) % rate_meter::samples_max;
    auto const recent = seen.end_to_end.since(of.latency[oldest]);
    constexpr double us = 1e6;
    seen.latency = {quantile(recent, latency_bounds, 0.5) / us,
                    quantile(recent, latency_bounds, 0.99) / us,
                    quantile(recent, latency_bounds, 0.999) / us, recent.count()};
    constexpr double behind_least = 1; // second; less is on its way, and no trend
    if (seen.lag_bytes == 0 || seen.lag_seconds.value_or(0) < behind_least) {
        return;
    }
    auto const passed = static_cast<double>(of.at_us[of.newest] - of.at_us[oldest]) / us;
    auto const less = of.lag_bytes[oldest] - of.lag_bytes[of.newest];
    seen.catch_up_seconds = passed > 0 && less > 0
                                ? static_cast<double>(seen.lag_bytes) / (less / passed)
                                : std::numeric_limits<double>::infinity();
}

std::vector<std::vector<table_view>> status_board::tables() const {
    std::vector<std::vector<table_view>> made;
    for (auto const& direction : stats_.directions) {
        auto& tables = made.emplace_back();
        direction->by_table.each([&tables](table_counters const& from) {
            table_view one{from.schema, from.name, from.key, {}, 0};
            for (std::size_t kind = 0; kind < one.changes.size(); ++kind) {
                one.changes[kind] = number(from.changes[kind]);
            }
            one.last_commit_us = instant(from.last_commit_us);
            tables.push_back(std::move(one));
        });
    }
    return made;
}

status_view status_board::view(std::int64_t now_us) {
    sample(now_us);
    status_view seen;
    seen.number = number_;
    seen.at_us = now_us;
    seen.started_at_us = stats_.started_at_us;
    seen.policy = stats_.policy;
    seen.warnings = stats_.warnings;
    for (auto const& each : stats_.nodes) {
        seen.nodes.push_back(view_of(*each));
    }
    for (std::size_t i = 0; i < stats_.directions.size(); ++i) {
        direction_view one = view_of(*stats_.directions[i], now_us);
        one.rows_per_second = meters_[i].rows.per_second(now_us, one.applied);
        one.captured_per_second = meters_[i].captured.per_second(now_us, one.captured);
        tell_latency(meters_[i], one);
        one.bytes_per_second = meters_[i].bytes.per_second(now_us, one.captured_bytes);
        for (node_view& node : seen.nodes) {
            node.has_slot = node.has_slot || node.name == one.source;
        }
        for (std::string const& warning : stats_.directions[i]->warnings()) {
            seen.warnings.push_back(one.source + " -> " + one.target + ": " + warning);
        }
        seen.directions.push_back(std::move(one));
    }
    seen.checks = stats_.checks.all();
    return seen;
}

std::optional<double> lag_seconds(std::int64_t now_us, std::int64_t caught_up_at_us,
                                  std::int64_t last_commit_us) noexcept {
    if (caught_up_at_us == 0 && last_commit_us == 0) {
        return std::nullopt;
    }
    if (now_us - caught_up_at_us < fresh_us) {
        return 0;
    }
    std::int64_t const behind = now_us - std::max(caught_up_at_us, last_commit_us);
    return static_cast<double>(std::max<std::int64_t>(behind, 0)) / 1e6;
}

} // namespace tandem::engine
