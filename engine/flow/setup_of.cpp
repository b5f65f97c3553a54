#include "engine/flow/setup_of.hpp"

#include "engine/admin/choose.hpp"
#include "engine/admin/ddl_triggers.hpp"
#include "engine/core/origin_gate.hpp"

#include <algorithm>
#include <utility>

namespace tandem::engine {
namespace {

// Origins of others on a 16+ server: what they brought travels on, so the server must not filter.
bool only_our_origins(node_catalog const& node) {
    return std::ranges::all_of(node.installed.origins,
                               [](std::string const& name) { return is_ours(name); });
}

ddl::filter ddl_filter_of(options const& set) {
    ddl::filter made{set.ddl_skips.commands, set.ddl_skips.kinds, {}};
    for (auto const& each : set.ddl_skips.objects) {
        made.objects.push_back({each.schema, each.table});
    }
    return made;
}

} // namespace

direction_setup setup_of(options const& set, prepared const& ready, table_choice const& choice,
                         std::string const& spool_folder, std::shared_ptr<tuning const> tuned) {
    direction_setup setup;
    setup.source = *set.member(choice.source);
    setup.target = *set.member(choice.target);
    if (auto const* const source = find_catalog(ready.nodes, choice.source)) {
        setup.source_database = source->database;
        setup.source_database_name = source->database_name;
        setup.source_version = source->server_version;
        setup.origin_none = source->server_version >= 160000 && only_our_origins(*source);
    }
    if (auto const* const target = find_catalog(ready.nodes, choice.target)) {
        setup.target_database = target->database;
        setup.target_version = target->server_version;
        setup.replica_role = target->role.set_replica_role;
        setup.ddl_told = target->installed.ddl_triggers;
    }
    setup.foreign_keys = set.foreign_keys;
    setup.ddl = ddl_wish_of(set).carried;
    setup.ddl_filter = ddl_filter_of(set);
    setup.evolution = set.evolution;
    setup.origins = set.origin_column.empty();
    setup.conflicts = conflicts_of(set, ready.policy.policy, choice.source);
    setup.tells_seen = tells_seen(set, ready.policy.policy);
    if (!set.row_transforms.transforms.empty()) {
        setup.transforms = std::make_shared<row_transform_entries const>(set.row_transforms);
    }
    setup.max_clock_skew = set.max_clock_skew;
    setup.conflict_retention = set.conflict_retention;
    setup.batch_rows = set.batch_rows;
    // Through Kafka each half has a queue of its own.
    setup.queue_bytes = set.transport == transport::direct ? set.queue_bytes : set.queue_bytes / 2;
    setup.batch_bytes = std::min(set.batch_bytes, setup.queue_bytes / 2);
    setup.spool_folder = spool_folder;
    setup.batch_delay = set.batch_delay;
    setup.tuned = std::move(tuned);
    setup.sync_commit = set.peer_sync_commit;
    return setup;
}

kafka_setup kafka_of(options const& set) {
    kafka_setup kafka;
    kafka.brokers = set.brokers;
    kafka.properties = set.kafka_properties;
    kafka.properties.emplace_back("compression.type", set.compression);
    kafka.prefix = set.topic_prefix;
    kafka.topic_max_bytes = set.topic_max_bytes;
    kafka.per_table = set.topics == topic_layout::per_table;
    kafka.table_partitions = set.table_partitions;
    kafka.schemas = set.event_schemas;
    kafka.confirm = set.confirm == confirmation::kafka ? confirm_at::kafka : confirm_at::applied;
    return kafka;
}

} // namespace tandem::engine
