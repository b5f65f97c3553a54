#include "engine/admin/failure.hpp"
#include "engine/admin/init.hpp"
#include "engine/admin/workbench.hpp"
#include "engine/config/error.hpp"
#include "engine/config/load.hpp"

#include <fmt/format.h>

#include <utility>

namespace tandem::engine {

awaitable<std::vector<std::string>> destroy(io::asio::any_io_executor executor, options set) {
    validate_nodes(set, 1);
    workbench bench = co_await open_workbench(std::move(executor), set);
    for (node_catalog const& node : bench.nodes) {
        auto const& found = node.installed;
        if (found.schema_version && !found.node.empty() && found.node != node.name) {
            throw config_error{
                fmt::format("the database given as node {} was set up as node {}: name it so",
                            node.name, found.node)};
        }
        for (slot_info const& slot : own_slots(node)) {
            if (slot.active) {
                throw command_failed{
                    exit_status::environment,
                    fmt::format("node {}: slot {} is in use: stop the running instance "
                                "first",
                                node.name, slot.name)};
            }
        }
    }
    std::vector<std::string> done;
    for (node_catalog const& node : bench.nodes) {
        for (std::string const& statement : destroy_statements(node)) {
            co_await bench.of(node.name).run(statement, statement);
            done.push_back(fmt::format("node {}: {}", node.name, statement));
        }
    }
    co_return done;
}

} // namespace tandem::engine
