#include "engine/config/options.hpp"

#include <algorithm>

namespace tandem::engine {
namespace {

node_options const* find(std::vector<node_options> const& among, std::string const& name) noexcept {
    auto const found = std::ranges::find(among, name, &node_options::name);
    return found == among.end() ? nullptr : &*found;
}

} // namespace

node_options const* options::node(std::string const& name) const noexcept {
    return find(nodes, name);
}

node_options const* options::member(std::string const& name) const noexcept {
    auto const* const own = find(nodes, name);
    return own != nullptr ? own : find(peers, name);
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
    for (node_options const& node : set.nodes) {
        for (node_options const& peer : set.peers) {
            all.push_back({node.name, peer.name});
            all.push_back({peer.name, node.name});
        }
    }
    return all;
}

} // namespace tandem::engine
