#pragma once
// What `init`, `destroy` and the start of `run` do to the databases.
//
// Everything is checked on all nodes before anything is created; what a failed init created it takes
// away again. Throws command_failed or config_error.

#include "engine/admin/choose.hpp"
#include "engine/admin/plan.hpp"
#include "engine/admin/session.hpp"
#include "engine/config/options.hpp"

#include <string>
#include <vector>

namespace tandem::engine {

// What an instance starts from: checked, and set up.
struct prepared {
    std::vector<node_catalog> nodes;
    std::vector<table_choice> choices; // one per direction; synced are published on the source
    chosen_policy policy;
    std::vector<std::string> notes; // for the log: what was done, what was left alone and why
    bool complete = true; // false: something is gone that init does not make anew (see notes)
};

// Reads and checks; with set.init, initialises first. Without it a node that was not set up is an
// error that says so.
[[nodiscard]] awaitable<prepared> prepare(io::asio::any_io_executor executor, options set);

// `tandem init`: creates what is missing; a second run does nothing.
[[nodiscard]] awaitable<prepared> initialise(io::asio::any_io_executor executor, options set);

struct dry_run {
    std::string sql;   // with the grants
    std::string unmet; // requirements that would end a real init, a line each; empty: none
};
// `tandem init --dry-run`: nothing is changed. Missing rights and settings are no failure here: they
// are what the grants are printed for.
[[nodiscard]] awaitable<dry_run> initialise_dry_run(io::asio::any_io_executor executor,
                                                    options set);

// `tandem destroy`: what was dropped, a line each. A node that cannot be reached fails before
// anything is dropped anywhere.
[[nodiscard]] awaitable<std::vector<std::string>> destroy(io::asio::any_io_executor executor,
                                                          options set);

} // namespace tandem::engine
