#include "engine/admin/check.hpp"

#include "codecs/sql/schema.hpp"
#include "engine/admin/sequence_overlap.hpp"
#include "engine/config/quantity.hpp"
#include "engine/core/names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace tandem::engine {
namespace {

constexpr int major_least = 12;
constexpr int major_most = 18;
constexpr int origins_grantable_major = 14;
constexpr int parameters_grantable_major = 15;

// Collects findings on one node; `met` decides between ok and the given severity.
class examiner {
public:
    examiner(node_catalog const& node, std::vector<finding>& into) noexcept
        : node_{node}, into_{into} {}

    void check(bool met, severity otherwise, std::string condition, std::string required,
               std::string current, std::string cure, int status = exit_status::environment) {
        into_.push_back({node_.name, std::move(condition), std::move(required), std::move(current),
                         met ? severity::ok : otherwise, met ? std::string{} : std::move(cure),
                         status});
    }

private:
    node_catalog const& node_;
    std::vector<finding>& into_;
};

std::string on_off(bool value) {
    return value ? "on" : "off";
}
std::string yes_no(bool value) {
    return value ? "yes" : "no";
}

std::string setting_cure(std::string_view name, std::string_view value) {
    return fmt::format("ALTER SYSTEM SET {} = {}; then restart the server", name, value);
}

void check_server(node_catalog const& node, examiner& on) {
    on.check(node.major() >= major_least, severity::error, "server version",
             fmt::format("{} to {}", major_least, major_most), node.version,
             fmt::format("upgrade the server to PostgreSQL {} or later", major_least));
    on.check(node.major() <= major_most, severity::warning, "server version known",
             fmt::format("at most {}", major_most), std::to_string(node.major()),
             "this release was not tested with it; upgrade tandem");
    on.check(!node.in_recovery, severity::error, "primary", "yes", yes_no(!node.in_recovery),
             "the server is a standby: give the primary's address");
    on.check(node.track_commit_timestamp, severity::warning, "track_commit_timestamp", "on",
             on_off(node.track_commit_timestamp),
             setting_cure("track_commit_timestamp", "on") +
                 " (until then the policy is apply-remote and convergence is not promised)");
    on.check(node.major() >= origins_grantable_major, severity::warning, "conflict detection",
             "PostgreSQL 14", std::to_string(node.major()),
             "before 14 the policy is apply-remote and convergence is not promised");
}

void check_source(node_catalog const& node, std::vector<std::string> const& slots, examiner& on) {
    on.check(node.wal_level == "logical", severity::error, "wal_level", "logical", node.wal_level,
             setting_cure("wal_level", "logical"));
    int missing = 0;
    int idle = 0;
    for (std::string const& name : slots) {
        auto const& all = node.installed.slots;
        auto const found = std::find_if(
            all.begin(), all.end(), [&name](slot_info const& each) { return each.name == name; });
        missing += found == all.end() ? 1 : 0;
        idle += found == all.end() || !found->active ? 1 : 0;
        if (found != all.end()) {
            on.check(found->plugin == "pgoutput", severity::error, "slot " + name, "pgoutput",
                     found->plugin,
                     "the slot was made by something else: drop it or rename the node",
                     exit_status::usage);
            // Its direction stops in state lost; the other one goes on.
            on.check(found->wal_status != "lost", severity::warning, "slot " + name + " usable",
                     "yes", "lost",
                     "WAL the slot needed is gone: 'tandem verify', then 'tandem destroy --yes' "
                     "and 'tandem init'");
        }
    }
    int const slots_left = node.slots_max - node.slots_used;
    on.check(slots_left >= missing, severity::error, "replication slots left",
             std::to_string(missing), fmt::format("{} of {}", slots_left, node.slots_max),
             setting_cure("max_replication_slots", std::to_string(node.slots_used + missing)) +
                 ", or drop a slot that nobody uses");
    int const senders_left = node.senders_max - node.senders_used;
    on.check(senders_left >= idle, severity::error, "WAL senders left", std::to_string(idle),
             fmt::format("{} of {}", senders_left, node.senders_max),
             setting_cure("max_wal_senders", std::to_string(node.senders_used + idle)));
    on.check(node.role.replication, severity::error, "role has REPLICATION", "yes",
             yes_no(node.role.replication),
             fmt::format("ALTER ROLE {} REPLICATION", shown_identifier(node.role.name)));
}

void check_origins(node_catalog const& node, examiner& on) {
    on.check(node.origins_max >= 1, severity::error, "replication origins", "1 or more",
             std::to_string(node.origins_max), setting_cure("max_replication_slots", "10"));
    on.check(
        node.role.use_origins, severity::error, "role may use replication origins", "yes",
        yes_no(node.role.use_origins),
        node.major() >= origins_grantable_major
            ? fmt::format(
                  "GRANT EXECUTE ON the pg_replication_origin_ functions TO {} ('tandem init "
                  "--dry-run' prints the statements)",
                  shown_identifier(node.role.name))
            : "before PostgreSQL 14 only superusers may: connect as one, or use --origin-column");
}

void check_target(node_catalog const& node, bool with_origins, examiner& on) {
    if (with_origins) {
        check_origins(node, on);
    }
    on.check(node.role.set_replica_role, severity::warning, "role may set session_replication_role",
             "yes", yes_no(node.role.set_replica_role),
             node.major() >= parameters_grantable_major
                 ? fmt::format("GRANT SET ON PARAMETER session_replication_role TO {}",
                               shown_identifier(node.role.name))
                 : "before PostgreSQL 15 only superusers may; tables with triggers are left out");
}

void check_installation(node_catalog const& node, examiner& on) {
    installation_info const& found = node.installed;
    if (found.schema_exists && !found.schema_version) {
        on.check(false, severity::error, "schema tandem", "made by tandem", "something else's",
                 "drop or rename it", exit_status::usage);
        return;
    }
    if (!found.schema_version) {
        on.check(node.role.create_in_database, severity::error, "role may CREATE in the database",
                 "yes", yes_no(node.role.create_in_database),
                 fmt::format("GRANT CREATE ON DATABASE {} TO {}",
                             shown_identifier(node.database_name),
                             shown_identifier(node.role.name)));
        return;
    }
    on.check(*found.schema_version <= sql::schema_version, severity::error, "schema tandem",
             fmt::format("version {} or older", sql::schema_version),
             fmt::format("version {}", *found.schema_version),
             "the database was set up by a newer tandem: run that version, or a later one",
             exit_status::usage);
    on.check(
        found.node == node.name, severity::error, "node name", found.node, node.name,
        fmt::format("the database was set up as node {}: name it so, or run 'tandem destroy --yes' "
                    "under that name first",
                    found.node),
        exit_status::usage);
}

finding between(std::string condition, std::string required, std::string current, severity level,
                std::string cure, int status = exit_status::environment) {
    return {{},
            std::move(condition),
            std::move(required),
            std::move(current),
            level,
            std::move(cure),
            status};
}

void check_pair(node_catalog const& left, node_catalog const& right, std::vector<finding>& into) {
    // A copied cluster keeps system identifier and oids, but is another server.
    bool const same = left.system_id == right.system_id &&
                      left.running_since == right.running_since && left.database == right.database;
    into.push_back(
        between("two databases", "different ones", same ? "the same one twice" : "different",
                same ? severity::error : severity::ok,
                same ? fmt::format("nodes {} and {} are one database ({}): correct a URI",
                                   left.name, right.name, left.database_name)
                     : "",
                exit_status::usage));
    bool const equal = left.encoding == right.encoding;
    into.push_back(between("server_encoding", "the same",
                           equal ? left.encoding : left.encoding + ", " + right.encoding,
                           equal ? severity::ok : severity::warning,
                           equal
                               ? ""
                               : "a character that the other side cannot store parks its row; use "
                                 "UTF8 on both"));
}

// Tables by owners the role is no member of: it could not publish them.
void check_owners(node_catalog const& node, table_choice const& choice, bool publishes,
                  std::vector<finding>& into) {
    std::set<std::string> owners;
    std::vector<std::string> tables;
    for (chosen_table const& each : choice.synced) {
        table_info const& table = publishes ? each.source : each.target;
        if (!table.member_of_owner) {
            owners.insert(shown_identifier(table.owner));
            tables.push_back(table.display());
        }
    }
    examiner on{node, into};
    std::string const role = shown_identifier(node.role.name);
    on.check(tables.empty(), severity::error,
             publishes ? "owner of published tables" : "owner of written tables",
             "role is a member",
             tables.empty() ? "yes" : fmt::format("not of {}", fmt::join(tables, ", ")),
             fmt::format("GRANT {} TO {}", fmt::join(owners, ", "), role));
    std::set<std::string> schemas;
    for (chosen_table const& each : choice.synced) {
        table_info const& table = publishes ? each.source : each.target;
        if (!table.schema_usable) {
            schemas.insert(shown_identifier(table.schema));
        }
    }
    on.check(schemas.empty(), severity::error, "role may use the tables' schemas", "yes",
             schemas.empty() ? "yes" : fmt::format("not {}", fmt::join(schemas, ", ")),
             fmt::format("GRANT USAGE ON SCHEMA {} TO {}", fmt::join(schemas, ", "), role));
}

} // namespace

std::string_view to_string(severity level) noexcept {
    switch (level) {
    case severity::ok:
        return "ok";
    case severity::info:
        return "info";
    case severity::warning:
        return "warning";
    case severity::error:
        return "error";
    }
    return "unknown";
}

std::vector<finding> check_nodes(std::vector<node_catalog> const& nodes, options const& set) {
    std::vector<finding> found;
    for (node_catalog const& node : nodes) {
        examiner on{node, found};
        check_server(node, on);
        std::vector<std::string> slots;
        bool target = false;
        for (direction_names const& each : directions(set)) {
            if (each.source == node.name) {
                slots.push_back(slot_name(each.source, each.target, node.database));
            }
            target = target || each.target == node.name;
        }
        if (!slots.empty()) {
            check_source(node, slots, on);
        }
        if (target) {
            check_target(node, set.origin_column.empty(), on);
        }
        check_installation(node, on);
    }
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        for (std::size_t j = i + 1; j < nodes.size(); ++j) {
            check_pair(nodes[i], nodes[j], found);
        }
    }
    return found;
}

std::vector<finding> check_contents(std::vector<node_catalog> const& nodes,
                                    std::vector<table_choice> const& choices, options const& set) {
    std::vector<finding> found;
    for (table_choice const& choice : choices) {
        if (auto const* const source = find_catalog(nodes, choice.source)) {
            check_owners(*source, choice, true, found);
        }
        if (auto const* const target = find_catalog(nodes, choice.target)) {
            check_owners(*target, choice, false, found);
        }
        for (left_out_table const& each : choice.left_out) {
            found.push_back({choice.source, "table " + each.table, "can be synced", "left out",
                             each.by_nature ? severity::info : severity::warning, each.reason});
        }
    }
    for (node_catalog const& node : nodes) {
        if (node.large_objects > 0) {
            found.push_back({node.name, "large objects", "none", std::to_string(node.large_objects),
                             severity::warning,
                             "they are not in the stream: store the data in bytea columns"});
        }
        if (!node.sequences.empty()) {
            found.push_back({node.name, "sequences", "not synced",
                             std::to_string(node.sequences.size()), severity::info,
                             "each node counts on its own: keep the ranges of two masters apart"});
        }
    }
    if (!set.one_way && nodes.size() == 2) {
        check_sequences(nodes[0], nodes[1], found);
    }
    return found;
}

void check_sequences(node_catalog const& left, node_catalog const& right,
                     std::vector<finding>& into) {
    for (sequence_info const& mine : left.sequences) {
        for (sequence_info const& other : right.sequences) {
            bool const same_name = mine.schema == other.schema && mine.name == other.name;
            if (!same_name || !mine.generates_values || !other.generates_values ||
                !share_numbers(mine, other)) {
                continue;
            }
            std::string const name = shown_table(mine.schema, mine.name);
            into.push_back(between(
                "sequence " + name, "no number given on both nodes",
                fmt::format("next {} by {} on {}, {} by {} on {}", mine.next, mine.increment,
                            left.name, other.next, other.increment, right.name),
                severity::warning,
                fmt::format(
                    "rows made on both nodes get the same number: ALTER SEQUENCE "
                    "{} INCREMENT BY 16 START WITH n RESTART, with n above the "
                    "greatest value, on the second node one more (tandem init --ids stride does it)",
                    name)));
        }
    }
}

finding check_clocks(std::string const& source, std::string const& target,
                     clock_offset const& measured, options const& set) {
    auto const offset =
        measured.offset < measured.offset.zero() ? -measured.offset : measured.offset;
    bool const fine = offset <= set.max_clock_skew;
    auto const in_ms = [](std::chrono::microseconds value) {
        return static_cast<double>(value.count()) / 1'000.0;
    };
    return between("clock offset", "at most " + format_duration(set.max_clock_skew),
                   fmt::format("{} is {:+.1f} ms against {} (±{:.1f} ms)", target,
                               in_ms(measured.offset), source, in_ms(measured.uncertainty)),
                   fine ? severity::ok : severity::warning,
                   fine ? ""
                        : "run an NTP client on both servers: the later clock wins conflicts, and "
                          "changes wait until the other clock has passed their commit time");
}

std::optional<command_failed> refusal(std::vector<finding> const& findings) {
    std::string text;
    int status = exit_status::environment;
    for (finding const& each : findings) {
        if (each.level != severity::error) {
            continue;
        }
        text += fmt::format("{}{}{}: {} is required, found {}; {}", text.empty() ? "" : "\n",
                            each.node.empty() ? "" : "node " + each.node + ": ", each.condition,
                            each.required, each.current, each.cure);
        status = each.status == exit_status::usage ? each.status : status;
    }
    if (text.empty()) {
        return std::nullopt;
    }
    return command_failed{status, text};
}

} // namespace tandem::engine
