#pragma once
// The replication connection that a capture reads.

#include "engine/flow/direction_setup.hpp"
#include "engine/flow/failure.hpp"
#include "io/pg/replication_stream.hpp"
#include "io/runtime/awaitable.hpp"

#include <memory>

namespace tandem::engine {

struct capture_way {
    bool binary = false;
    bool origin_none = false; // origins are filtered in the server
    bool streaming = false;   // large transactions come while they are open
};

// Started from where the slot is.
[[nodiscard]] io::awaitable<outcome_of<std::unique_ptr<io::pg::replication_stream>>>
open_capture_session(direction_setup const& setup, capture_way way);

} // namespace tandem::engine
