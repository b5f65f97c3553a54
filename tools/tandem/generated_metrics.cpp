// What is made of the metrics: a board of Grafana's and rules of Prometheus'. Their expressions name what /metrics exports,
// which the tests hold them to.

#include "tools/tandem/generated.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tandem::tool {
namespace {

using board_json = nlohmann::ordered_json;

struct board_target {
    char const* expression;
    char const* legend;
};
struct board_panel {
    char const* title;
    char const* unit; // Grafana's name of it
    std::vector<board_target> targets;
};
struct board_row {
    char const* title;
    std::vector<board_panel> panels;
};

// By the questions one asks.
std::vector<board_row> board_rows() {
    return {
        {"Do the masters keep up with each other?",
         {{"Lag", "s", {{"tandem_lag_seconds{job=\"$job\"}", "{{direction}}"}}},
          {"Time to catch up",
           "s",
           {{"tandem_time_to_catch_up_seconds{job=\"$job\"}", "{{direction}}"}}},
          {"Lag in WAL", "bytes", {{"tandem_lag_bytes{job=\"$job\"}", "{{direction}}"}}}}},
        {"How fast is it?",
         {{"Rows applied",
           "ops",
           {{"rate(tandem_events_applied_total{job=\"$job\"}[$__rate_interval])",
             "{{direction}}"}}},
          {"Latency, commit to commit",
           "s",
           {{"histogram_quantile(0.5, sum by (direction, le) "
             "(rate(tandem_end_to_end_latency_seconds_bucket{job=\"$job\"}[$__rate_interval])))",
             "{{direction}} p50"},
            {"histogram_quantile(0.99, sum by (direction, le) "
             "(rate(tandem_end_to_end_latency_seconds_bucket{job=\"$job\"}[$__rate_interval])))",
             "{{direction}} p99"}}},
          {"Latency by stage, p99",
           "s",
           {{"histogram_quantile(0.99, sum by (direction, stage, le) "
             "(rate(tandem_stage_latency_seconds_bucket{job=\"$job\"}[$__rate_interval])))",
             "{{direction}} {{stage}}"}}},
          {"Rows in a transaction at the target, mean",
           "short",
           {{"rate(tandem_batch_rows_sum{job=\"$job\"}[$__rate_interval]) / "
             "rate(tandem_batch_rows_count{job=\"$job\"}[$__rate_interval])",
             "{{direction}}"}}}}},
        {"Is the source safe?",
         {{"WAL kept for the slot",
           "bytes",
           {{"tandem_slot_retained_wal_bytes{job=\"$job\"}", "{{node}}"}}},
          {"Slot is read", "bool_on_off", {{"tandem_slot_active{job=\"$job\"}", "{{node}}"}}},
          {"Node answers", "bool_on_off", {{"tandem_up{job=\"$job\"}", "{{node}}"}}}}},
        {"Conflicts and loops",
         {{"Conflicts",
           "ops",
           {{"sum by (direction, type) (rate(tandem_conflicts_total{job=\"$job\"}[$__rate_interval])) > 0",
             "{{direction}} {{type}}"}}},
          {"Echoes stopped",
           "ops",
           {{"rate(tandem_events_echo_suppressed_total{job=\"$job\"}[$__rate_interval])",
             "{{direction}} {{method}}"}}},
          {"Parked rows", "short", {{"tandem_parked_rows{job=\"$job\"}", "{{direction}}"}}}}},
        {"The process",
         {{"Memory", "bytes", {{"process_resident_memory_bytes{job=\"$job\"}", "resident"}}},
          {"CPU",
           "percentunit",
           {{"rate(process_cpu_seconds_total{job=\"$job\"}[$__rate_interval])", "cores"}}},
          {"Queue", "bytes", {{"tandem_queue_bytes{job=\"$job\"}", "{{direction}}"}}}}},
    };
}

board_json panel_json(board_panel const& from, int id, int x, int y, int width) {
    board_json targets = board_json::array();
    char name = 'A';
    for (auto const& each : from.targets) {
        targets.push_back({{"refId", std::string(1, name++)},
                           {"expr", each.expression},
                           {"legendFormat", each.legend},
                           {"datasource", {{"type", "prometheus"}, {"uid", "${datasource}"}}}});
    }
    return {
        {"id", id},
        {"type", "timeseries"},
        {"title", from.title},
        {"datasource", {{"type", "prometheus"}, {"uid", "${datasource}"}}},
        {"gridPos", {{"x", x}, {"y", y}, {"w", width}, {"h", 8}}},
        {"fieldConfig",
         {{"defaults", {{"unit", from.unit}, {"custom", {{"fillOpacity", 8}, {"lineWidth", 1}}}}},
          {"overrides", board_json::array()}}},
        {"options", {{"tooltip", {{"mode", "multi"}}}, {"legend", {{"displayMode", "list"}}}}},
        {"targets", std::move(targets)}};
}

board_json variables_json() {
    return {{"list",
             {{{"name", "datasource"},
               {"type", "datasource"},
               {"query", "prometheus"},
               {"label", "Data source"}},
              {{"name", "job"},
               {"type", "query"},
               {"label", "Job"},
               {"datasource", {{"type", "prometheus"}, {"uid", "${datasource}"}}},
               {"query", "label_values(tandem_build_info, job)"},
               {"refresh", 1}}}}};
}

} // namespace

std::string grafana_dashboard() {
    board_json panels = board_json::array();
    int id = 0;
    int y = 0;
    for (auto const& row : board_rows()) {
        panels.push_back({{"id", ++id},
                          {"type", "row"},
                          {"title", row.title},
                          {"collapsed", false},
                          {"panels", board_json::array()},
                          {"gridPos", {{"x", 0}, {"y", y++}, {"w", 24}, {"h", 1}}}});
        int const width = 24 / static_cast<int>(row.panels.size());
        int x = 0;
        for (auto const& each : row.panels) {
            panels.push_back(panel_json(each, ++id, x, y, width));
            x += width;
        }
        y += 8;
    }
    board_json const board{{"title", "tandem"},
                           {"uid", "tandem"},
                           {"tags", {"postgresql", "replication"}},
                           {"schemaVersion", 39},
                           {"editable", true},
                           {"refresh", "5s"},
                           {"time", {{"from", "now-30m"}, {"to", "now"}}},
                           {"graphTooltip", 1},
                           {"templating", variables_json()},
                           {"panels", std::move(panels)}};
    return board.dump(2) + "\n";
}

std::string prometheus_rules() {
    struct rule {
        char const* name;
        char const* expression;
        char const* lasts;
        char const* severity;
        char const* summary;
    };
    constexpr rule rules[] = {
        {"TandemDown", "absent(tandem_build_info)", "2m", "critical",
         "No instance of tandem is scraped"},
        {"TandemNodeDown", "tandem_up == 0", "2m", "critical",
         "Node {{ $labels.node }} does not answer"},
        {"TandemNotStreaming",
         "max by (direction) (tandem_direction_state{state=\"streaming\"}) == 0", "2m", "critical",
         "{{ $labels.direction }} does not stream"},
        {"TandemNeedsDecision", "tandem_direction_state{state=~\"gap|lost|fenced|paused\"} == 1",
         "0m", "critical", "{{ $labels.direction }} is {{ $labels.state }} and waits for a person"},
        {"TandemSlotInactive", "tandem_slot_active == 0", "5m", "critical",
         "The slot of node {{ $labels.node }} is not read: its WAL piles up"},
        {"TandemSlotNearlyLost", "tandem_slot_safe_wal_bytes < tandem_slot_retained_wal_bytes",
         "1m", "critical", "The slot of node {{ $labels.node }} is about to be lost"},
        {"TandemSlotStuck",
         "changes(tandem_slot_confirmed_lsn[10m]) == 0 and delta(tandem_slot_retained_wal_bytes[10m]) > 0",
         "5m", "warning", "The slot of node {{ $labels.node }} is not confirmed any further"},
        {"TandemLagGrows", "tandem_lag_seconds > 30 and deriv(tandem_lag_seconds[5m]) > 0", "2m",
         "warning", "{{ $labels.direction }} is behind and falls back"},
        {"TandemConflictBurst", "sum by (direction) (rate(tandem_conflicts_total[5m])) > 1", "5m",
         "warning", "More than one conflict a second in {{ $labels.direction }}"},
        {"TandemParked", "tandem_parked_rows > 0", "0m", "warning",
         "Changes of {{ $labels.direction }} were parked: tandem parked list"},
        {"TandemDeadLetters", "increase(tandem_dead_letters_total[15m]) > 0", "0m", "warning",
         "Records of {{ $labels.direction }} went to dead letters"},
        {"TandemLoops", "tandem_events_echo_suppressed_total{method=\"record\"} > 0", "0m",
         "critical",
         "Records of {{ $labels.direction }} came back through Kafka to where they were written"},
    };
    std::string text =
        "# Made by `tandem generate prometheus-rules`.\ngroups:\n  - name: tandem\n    rules:\n";
    for (rule const& each : rules) {
        text +=
            fmt::format("      - alert: {}\n        expr: '{}'\n        for: {}\n        labels:\n"
                        "          severity: {}\n        annotations:\n          summary: '{}'\n",
                        each.name, each.expression, each.lasts, each.severity, each.summary);
    }
    return text;
}

} // namespace tandem::tool
