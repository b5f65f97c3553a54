#include "engine/console/answers.hpp"

#include "engine/admin/record_text.hpp"
#include "engine/config/retune.hpp"
#include "engine/config/settings.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace tandem::console {
namespace {

using json = nlohmann::ordered_json;
using engine::table_view;

std::string dumped(json const& what) {
    return what.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

json counts_json(table_view const& of) {
    json made{{"insert", of.changes[0]},
              {"update", of.changes[1]},
              {"delete", of.changes[2]},
              {"truncate", of.changes[3]},
              {"last_commit", nullptr}};
    if (of.last_commit_us > 0) {
        made["last_commit"] = static_cast<double>(of.last_commit_us) / 1e6;
    }
    return made;
}

char const* group_name(engine::setting_group group) noexcept {
    using enum engine::setting_group;
    switch (group) {
    case nodes:
        return "Nodes";
    case tables:
        return "Tables";
    case set_up:
    case run:
    case checked:
        return "Sync";
    case brokers:
    case kafka:
        return "Kafka";
    case listen:
        return "HTTP";
    case log:
        return "Log";
    }
    return "Sync";
}

// True when it was longer.
bool cut(std::optional<std::string>& text, std::size_t most) {
    if (!text || text->size() <= most) {
        return false;
    }
    auto end = most;
    while (end > 0 && (static_cast<unsigned char>((*text)[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    text->resize(end);
    return true;
}

} // namespace

std::string tables_json(engine::status_view const& seen,
                        std::vector<std::vector<table_view>> const& tables) {
    std::map<std::pair<std::string, std::string>, json> all;
    std::map<std::string, std::string>
        left_out; // once, whether it is left out of one way or of both
    for (std::size_t at = 0; at < tables.size() && at < seen.directions.size(); ++at) {
        auto const& direction = seen.directions[at];
        auto const way = direction.source + ":" + direction.target;
        for (auto const& [table, reason] : direction.left_out) {
            left_out.try_emplace(table, reason);
        }
        for (auto const& each : tables[at]) {
            auto& one = all[{each.schema, each.name}];
            if (one.is_null()) {
                one = {{"schema", each.schema}, {"table", each.name},
                       {"key", each.key},       {"state", "ok"},
                       {"reason", ""},          {"directions", json::object()}};
            }
            one["directions"][way] = counts_json(each);
        }
    }
    json made = json::array();
    for (auto& [name, one] : all) {
        made.push_back(std::move(one));
    }
    for (auto const& [table, reason] : left_out) {
        made.push_back({{"schema", ""},
                        {"table", table},
                        {"key", ""},
                        {"state", "left out"},
                        {"reason", reason},
                        {"directions", json::object()}});
    }
    return dumped(json{{"tables", std::move(made)}});
}

std::string settings_json(engine::options const& set) {
    json all = json::array();
    for (auto const& each : engine::settings()) {
        json values = json::array();
        if (auto const found = set.told.find(each.name); found != set.told.end()) {
            for (auto const& said : found->second) {
                values.push_back({{"text", said.text}, {"from", said.where}});
            }
        }
        all.push_back({{"name", each.name},
                       {"help", each.help},
                       {"group", group_name(each.group)},
                       {"tunable", engine::is_tunable(each.name)},
                       {"values", std::move(values)}});
    }
    return dumped(json{{"settings", std::move(all)}, {"read_only", set.read_only}});
}

std::string record_line(engine::topic_record record, std::size_t most, bool hidden) {
    auto const bytes = record.bytes();
    if (hidden) {
        record.key.reset();
        record.value.reset();
        record.headers.clear();
    }
    bool const key_cut = cut(record.key, most);
    bool const was_cut = cut(record.value, most) || key_cut;
    auto text = engine::record_json(record);
    while (text.ends_with('\n')) {
        text.pop_back();
    }
    return fmt::format("{{\"record\":{},\"bytes\":{},\"cut\":{},\"hidden\":{}}}\n", text, bytes,
                       was_cut, hidden);
}

std::string as_json_text(std::string const& text) {
    return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace tandem::console
