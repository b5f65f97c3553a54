#include "engine/config/options.hpp"

namespace tandem::engine {

node_options const* options::node(std::string const& name) const noexcept {
    for (node_options const& each : nodes) {
        if (each.name == name) {
            return &each;
        }
    }
    return nullptr;
}

std::vector<direction_names> directions(options const& set) {
    if (set.one_way) {
        return {{set.one_way->first, set.one_way->second}};
    }
    std::vector<direction_names> all;
    for (node_options const& source : set.nodes) {
        for (node_options const& target : set.nodes) {
            if (source.name != target.name) {
                all.push_back({source.name, target.name});
            }
        }
    }
    return all;
}

} // namespace tandem::engine
