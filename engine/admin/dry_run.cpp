#include "codecs/sql/quote.hpp"
#include "engine/admin/check.hpp"
#include "engine/admin/plan.hpp"

#include <fmt/format.h>

namespace tandem::engine {
namespace {

// Who runs tandem when a superuser prepares the databases for a plain role.
constexpr char const* plain_role = "tandem";

std::string node_text(node_plan const& part) {
    std::string text;
    if (!part.install.empty()) {
        text += "BEGIN;\n";
        for (std::string const& each : part.install) {
            text += each + ";\n";
        }
        text += "COMMIT;\n";
    }
    for (table_addition const& each : part.additions) {
        text += fmt::format("BEGIN;\n{};\n{};\nCOMMIT;\n", each.lock, each.change);
    }
    return text;
}

std::string source_text(stream_plan const& stream) {
    std::string text;
    if (stream.drop_slot) {
        text += fmt::format("SELECT pg_drop_replication_slot({});\n", sql::literal(stream.slot));
    }
    if (stream.create_slot) {
        text += fmt::format("SELECT pg_create_logical_replication_slot({}, 'pgoutput');\n"
                            "-- :start is the position that this returned\n{};\n",
                            sql::literal(stream.slot),
                            sending_statement(stream.target, ":'start'", stream.target_here));
    }
    return text;
}

std::string target_text(stream_plan const& stream, node_catalog const* source) {
    std::string text;
    if (stream.create_origin) {
        text +=
            fmt::format("SELECT pg_replication_origin_create({});\n", sql::literal(stream.origin));
    }
    if (stream.create_progress && source == nullptr) {
        text += open_progress_statement(stream.source) + ";\n";
    } else if (stream.create_progress) {
        text += fmt::format(
            "-- :start is the position that creating slot {} on node {} returned\n{};\n",
            stream.slot, stream.source, progress_statement(*source, ":'start'"));
    }
    return text;
}

std::string grants_text(node_catalog const& node, bool with_origins) {
    bool const superuser = node.role.superuser;
    std::string const role = superuser ? plain_role : node.role.name;
    std::vector<std::string> const grants = grants_for(node, role, !superuser, with_origins);
    if (grants.empty()) {
        return {};
    }
    std::string text =
        superuser ? fmt::format("-- Role {} is a superuser and needs no grants. For a plain role "
                                "named {} instead:\n",
                                node.role.name, role)
                  : fmt::format("-- A superuser has to give role {} what it lacks:\n", role);
    for (std::string const& each : grants) {
        text += fmt::format("{}{};\n", superuser ? "-- " : "", each);
    }
    return text;
}

} // namespace

std::string dry_run_text(init_plan const& plan, std::vector<node_catalog> const& nodes) {
    std::string text;
    for (node_plan const& part : plan.nodes) {
        node_catalog const& node = catalog_of(nodes, part.node);
        std::string body = grants_text(node, plan.with_origins) + node_text(part);
        for (stream_plan const& stream : plan.streams) {
            body += stream.source == part.node ? source_text(stream) : "";
        }
        for (stream_plan const& stream : plan.streams) {
            body += stream.target == part.node
                        ? target_text(stream, find_catalog(nodes, stream.source))
                        : "";
        }
        text += fmt::format("-- node {}: PostgreSQL {}, database {}\n{}", node.name, node.version,
                            node.database_name, body.empty() ? "-- nothing to do\n" : body);
    }
    return text;
}

} // namespace tandem::engine
