#include "engine/connect/pair_settings.hpp"

#include "engine/config/load.hpp"
#include "engine/config/settings.hpp"
#include "engine/connect/row_transforms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace tandem::connect {
namespace {

setting_definition node_row(char const* name, int order) {
    setting_definition made;
    made.name = name;
    made.type = setting_type::password; // it may have one in it
    made.matters = importance::high;
    made.doc = "One of the two masters: NAME=postgresql://USER@HOST:PORT/DATABASE.";
    made.check = non_null();
    made.group = "Masters";
    made.order = order;
    made.width = display_width::large;
    made.display = name;
    return made;
}

// What a connector's own life says, or its worker.
bool belongs_elsewhere(std::string_view name) noexcept {
    return name == "node" || name == "peer" || name == "listen" || name == "insecure-listen" ||
           name == "until" || name == "init" || name == "config";
}

// "batch.rows" of batch-rows.
std::string key_of(std::string_view name) {
    std::string made{name};
    std::ranges::replace(made, '-', '.');
    return made;
}

void add_values(engine::setting const& to, std::string const& key, std::string_view text,
                engine::given& into) {
    auto& values = into[std::string{to.name}];
    if (to.takes != engine::setting::kind::list) {
        values.push_back({key, std::string{text}});
        return;
    }
    while (!text.empty()) {
        auto const stop = std::min(text.find_first_of(";\n"), text.size());
        if (auto const item = text.substr(0, stop);
            item.find_first_not_of(" \t\r") != std::string_view::npos) {
            auto const first = item.find_first_not_of(" \t\r");
            values.push_back(
                {key, std::string{item.substr(first, item.find_last_not_of(" \t\r") - first + 1)}});
        }
        text.remove_prefix(std::min(stop + 1, text.size()));
    }
}

// The connector's chain, for the changes of both masters.
engine::row_transform_entries transforms_of(property_map const& config) {
    engine::row_transform_entries made;
    for (auto const* const kind : {"transforms", "predicates"}) {
        auto const names = parse_setting(kind, text_in(config, kind), setting_type::list);
        if (!names) {
            throw engine::config_error{names.error().what};
        }
        for (auto const& name : std::get<string_list>(*names)) {
            auto keys = with_prefix(config, fmt::format("{}.{}.", kind, name));
            if (kind == std::string_view{"predicates"}) {
                made.predicates[name] = std::move(keys);
            } else {
                made.transforms.push_back({name, "transforms." + name, {}, {}, std::move(keys)});
            }
        }
    }
    return made;
}

} // namespace

setting_definitions pair_definitions() {
    setting_definitions made{node_row("node.a", 1), node_row("node.b", 2)};
    int order = 0;
    for (auto const& each : engine::settings()) {
        if (belongs_elsewhere(each.name) || each.group == engine::setting_group::log) {
            continue;
        }
        setting_definition one;
        one.name = key_of(each.name);
        one.type = each.holds_secrets ? setting_type::password : setting_type::string;
        one.by_default = setting{};
        one.doc = each.help;
        one.group = "Sync";
        one.order = ++order;
        one.width = display_width::medium;
        one.display = std::string{each.name};
        made.push_back(std::move(one));
    }
    return made;
}

outcome<engine::options> pair_options_of(task_setup const& from) {
    engine::given told;
    for (auto const& each : engine::settings()) {
        auto const key = key_of(each.name);
        auto const found = from.config.find(key);
        if (found != from.config.end() && !found->second.empty() && !belongs_elsewhere(each.name) &&
            each.group != engine::setting_group::log) {
            add_values(each, key, found->second, told);
        }
    }
    for (auto const* key : {"node.a", "node.b"}) {
        auto const found = from.config.find(key);
        if (found == from.config.end() || found->second.empty()) {
            return problem{problem_kind::config, std::string{key} + " is missing"};
        }
        told["node"].push_back({key, found->second});
    }
    auto const transport = from.config.find("transport");
    bool const by_kafka = transport != from.config.end() && transport->second == "kafka";
    if (by_kafka && !told.contains("brokers")) {
        told["brokers"].push_back({"the worker's brokers", from.brokers});
    }
    try {
        auto made = engine::build({told});
        made.init = true;
        made.row_transforms = transforms_of(from.config);
        made.listen = "off";
        if (by_kafka) {
            made.kafka_properties.insert(made.kafka_properties.begin(), from.properties.begin(),
                                         from.properties.end());
        }
        engine::validate_sites(made);
        engine::validate_run(made);
        check_row_transforms(made);
        return made;
    } catch (engine::config_error const& why) {
        return problem{problem_kind::config, why.what()};
    }
}

} // namespace tandem::connect
