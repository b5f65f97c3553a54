#pragma once
// What a connector's tasks are made of. Each runs on a thread of its own.

#include "engine/connect/task_setup.hpp"
#include "engine/core/stats.hpp"
#include "engine/flow/supervised.hpp"

#include <functional>
#include <memory>

namespace tandem::connect {

struct task {
    std::unique_ptr<engine::direction_stats> stats; // outlives the body
    std::unique_ptr<engine::supervised> body;
};

// Error: why the configuration makes none.
using task_maker = std::function<outcome<task>(task_setup const&)>;

} // namespace tandem::connect
