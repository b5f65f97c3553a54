#include "engine/console/paths.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace tandem::console {
namespace {

constexpr std::string_view of_table = R"({"table":"public.item","direction":"a:b"})";
constexpr std::string_view of_parked =
    R"({"direction":"a:b","table":"public.item","key":"{\"id\":7}"})";

constexpr served_path all[] = {
    {"GET", "/livez", "", "", "the process answers; never asks a database"},
    {"GET", "/readyz", "verbose", "",
     "200 while every direction streams, else 503 with the reasons; `?verbose` names every check, as lines with "
     "`Accept: text/plain`"},
    {"GET", "/metrics", "", "", "for Prometheus"},
    {"GET", "/metrics/compat", "", "", "the same under the names of Debezium and Connect"},
    {"GET", "/api/v1/paths", "", "", "this table"},
    {"GET", "/api/v1/about", "", "", "version and mode"},
    {"GET", "/api/v1/status", "", "",
     "the state of nodes and directions, as `tandem status --json`"},
    {"GET", "/api/v1/health", "", "",
     "named checks; the level is `ok`, `warning` or `bad`, each with its cure"},
    {"GET", "/api/v1/history", "seconds=", "", "a sample a second of the last hour, in columns"},
    {"GET", "/api/v1/stream", "topics=stats,changes", "",
     "server-sent events: `sample` once a second (status, health and the newest sample together), `changes` with "
     "`not_shown`"},
    {"GET", "/api/v1/tables", "", "", "what was applied of each table"},
    {"GET", "/api/v1/tables/states", "", "",
     "of each table and direction: ok, pausing, paused or parked, what waits, and why"},
    {"GET", "/api/v1/live", "", "", "the newest changes that were told while somebody looked on"},
    {"GET", "/api/v1/conflicts", "table=&type=&limit=&before=&conflict=&whole", "",
     "the newest conflicts, or those behind `before`, as `tandem conflict list --json` with long values cut; of "
     "one `conflict` more, or `whole`"},
    {"GET", "/api/v1/parked", "table=", "",
     "as `tandem parked list --json`, the first 500 of `all`"},
    {"GET", "/api/v1/topics", "", "", "as `tandem topic list --json`; with Kafka only"},
    {"GET", "/api/v1/topic", "name=", "", "as `tandem topic describe --json`; with Kafka only"},
    {"GET", "/api/v1/messages", "topic=&from=&partition=&count=&key=&search=", "",
     "lines of JSON: `record`, `progress`, `remark`, `error`; `from` as `tandem topic tail -o`; ends when the client "
     "leaves"},
    {"GET", "/api/v1/settings", "", "", "every setting, its value, and where that comes from"},
    {"GET", "/api/v1/doctor", "", "", "as `tandem doctor --json`"},
    {"POST", "/api/v1/settings", "", R"({"name":"batch-rows","value":"4000"})",
     "taken at once, until the next start"},
    {"POST", "/api/v1/conflicts/restore", "", R"({"conflict":"b:17"})",
     "the losing row is written as a new change"},
    {"POST", "/api/v1/tables/pause", "", of_table,
     "its changes wait at the peer; `direction` may be left out"},
    {"POST", "/api/v1/tables/resume", "", of_table,
     "what waits is carried out; `direction` may be left out"},
    {"POST", "/api/v1/tables/resync", "", R"({"table":"public.item","winner":"a"})",
     "compared and made equal; without `winner` the newer version is kept"},
    {"POST", "/api/v1/parked/retry", "", of_parked,
     "what is parked is tried again; of these what one knows, or `{\"all\":true}`"},
    {"POST", "/api/v1/parked/drop", "", of_parked, "what is parked is given up"},
};

} // namespace

std::span<served_path const> served_paths() noexcept {
    return all;
}

bool changes_something(std::string_view path) noexcept {
    return std::ranges::any_of(
        all, [&](served_path const& each) { return each.method == "POST" && each.path == path; });
}

std::string paths_json() {
    auto list = nlohmann::ordered_json::array();
    for (served_path const& each : all) {
        nlohmann::ordered_json one;
        one["method"] = each.method;
        one["path"] = each.path;
        one["query"] = each.query;
        one["body"] = each.body;
        one["says"] = each.says;
        list.push_back(std::move(one));
    }
    nlohmann::ordered_json made;
    made["paths"] = std::move(list);
    return made.dump() + "\n";
}

} // namespace tandem::console
