#pragma once
// Tasks of all connectors that there are.

#include "engine/connect/flow/task.hpp"
#include "engine/connect/validation.hpp"
#include "io/runtime/awaitable.hpp"

namespace tandem::connect {

[[nodiscard]] outcome<task> make_task(task_setup const& setup);

// Whether the databases that a configuration names let it in: what is wrong is added to the verdict, in Connect's sentence
// and with what to do.
[[nodiscard]] io::awaitable<void> check_databases(plugin const& of, property_map config,
                                                  config_verdict& into);

} // namespace tandem::connect
