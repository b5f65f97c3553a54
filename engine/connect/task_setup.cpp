#include "engine/connect/task_setup.hpp"

#include <algorithm>
#include <charconv>

namespace tandem::connect {
namespace {

std::size_t tasks_max(property_map const& config) {
    auto const found = config.find("tasks.max");
    if (found == config.end()) {
        return 1;
    }
    auto const read = parse_setting("tasks.max", found->second, setting_type::int32);
    return read ? static_cast<std::size_t>(std::max<std::int64_t>(std::get<std::int64_t>(*read), 1))
                : 1;
}

} // namespace

std::vector<property_map> task_configs(plugin const& of, property_map const& config) {
    auto one = config;
    one["task.class"] = of.class_name + (of.class_name.ends_with("Connector") ? "Task" : "");
    // A source reads one slot. Each of a sink's tasks has a thread, sessions and a replication origin; those beyond the
    // partitions do nothing.
    constexpr std::size_t most = 64;
    return std::vector<property_map>(
        of.kind == plugin_kind::source ? 1 : std::min(tasks_max(config), most), one);
}

} // namespace tandem::connect
