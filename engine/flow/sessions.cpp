#include "engine/flow/sessions.hpp"

#include "engine/admin/session.hpp"

#include <utility>

namespace tandem::engine {
namespace {

// Rows are found by key: a plan that scans or hashes a table because it was small when the plan was
// made would be a trap.
void add_apply_settings(io::pg::connect_options& options, session_request const& request) {
    for (auto const* name : {"enable_hashjoin", "enable_mergejoin", "enable_seqscan"}) {
        options.settings.emplace_back(name, "off");
    }
    options.settings.emplace_back("plan_cache_mode", "force_generic_plan");
    if (request.replica_role) {
        options.settings.emplace_back("session_replication_role", "replica");
    }
    options.settings.emplace_back("synchronous_commit", request.sync_commit ? "on" : "off");
}

} // namespace

std::string apply_session_name(std::string const& stream) {
    return "tandem apply " + stream;
}

io::awaitable<outcome_of<std::unique_ptr<io::pg::connection>>> open_session(
    io::asio::any_io_executor executor, session_request request) {
    io::pg::connect_options options;
    options.conninfo = request.node.uri;
    options.parameters.emplace_back("application_name", request.application_name);
    options.settings = value_settings();
    switch (request.kind) {
    case session_kind::control:
        options.settings.emplace_back("lock_timeout", "5s");
        options.settings.emplace_back("synchronous_commit", "on"); // what we remember must last
        break;
    case session_kind::apply:
        add_apply_settings(options, request);
        break;
    case session_kind::replication:
        options.parameters.emplace_back("replication", "database");
        break;
    }
    auto opening = io::pg::connection::open(std::move(executor), std::move(options));
    auto opened = co_await std::move(opening);
    if (!opened) {
        co_return retry_after(request.node.name, "connecting", opened.error());
    }
    co_return std::move(*opened);
}

} // namespace tandem::engine
