#pragma once
// The connections of one direction and the settings each needs.

#include "engine/config/options.hpp"
#include "engine/flow/failure.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/awaitable.hpp"

#include <memory>
#include <string>

namespace tandem::engine {

enum class session_kind {
    control,     // short statements of our own
    apply,       // writes rows: triggers silent, asynchronous commit, plans by key
    replication, // walsender of the node's database
};

struct session_request {
    node_options node;
    session_kind kind = session_kind::control;
    std::string application_name; // how a later instance finds and ends it (R4)
    bool sync_commit = false;     // apply only
    bool replica_role = true;     // apply only: triggers silent, as the role may be allowed to ask
};

// The name under which the apply session of a stream shows in pg_stat_activity.
[[nodiscard]] std::string apply_session_name(std::string const& stream);

[[nodiscard]] io::awaitable<outcome_of<std::unique_ptr<io::pg::connection>>> open_session(
    io::asio::any_io_executor executor, session_request request);

} // namespace tandem::engine
