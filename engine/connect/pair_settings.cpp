#include "engine/connect/pair_settings.hpp"

#include "engine/config/settings.hpp"

#include <algorithm>
#include <string>

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

} // namespace

setting_definitions pair_definitions() {
    setting_definitions made{node_row("node.a", 1), node_row("node.b", 2)};
    int order = 0;
    for (auto const& each : engine::settings()) {
        if (belongs_elsewhere(each.name) || each.group == engine::setting_group::log) {
            continue;
        }
        setting_definition one;
        one.name = each.name;
        std::ranges::replace(one.name, '-', '.');
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

} // namespace tandem::connect
