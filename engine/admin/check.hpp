#pragma once
// What tandem needs of the nodes, held against what they are. Pure decisions on catalogs; `doctor`
// prints them all, `init` and `run` refuse on errors.

#include "engine/admin/catalog.hpp"
#include "engine/admin/choose.hpp"
#include "engine/admin/failure.hpp"
#include "engine/config/options.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::engine {

enum class severity {
    ok,
    info,    // good to know: something that is not synced by its nature
    warning, // works, but less than it could
    error,   // cannot work
};
[[nodiscard]] std::string_view to_string(severity level) noexcept;

struct finding {
    std::string node;      // empty: of the nodes together
    std::string condition; // "wal_level"
    std::string required;  // "logical"
    std::string current;   // "replica"
    severity level = severity::ok;
    std::string cure;                      // empty when all is well
    int status = exit_status::environment; // of a command that cannot go on because of it
};

// Offset of the target's clock against the source's, and the uncertainty of the measurement.
struct clock_offset {
    std::chrono::microseconds offset{0};
    std::chrono::microseconds uncertainty{0};
};

// Requirements on server, role and settings of each node, and of the nodes on each other.
[[nodiscard]] std::vector<finding> check_nodes(std::vector<node_catalog> const& nodes,
                                               options const& set);

// What is not synced, and what two masters can stumble over: tables, sequences, large objects.
[[nodiscard]] std::vector<finding> check_contents(std::vector<node_catalog> const& nodes,
                                                  std::vector<table_choice> const& choices,
                                                  options const& set);

// Sequences of both nodes, with their states, that can give the same number.
void check_sequences(node_catalog const& left, node_catalog const& right,
                     std::vector<finding>& into);
[[nodiscard]] finding check_clocks(std::string const& source, std::string const& target,
                                   clock_offset const& measured, options const& set);

// The errors among `findings` as the end of a command; nullopt without any.
[[nodiscard]] std::optional<command_failed> refusal(std::vector<finding> const& findings);

// SQL that lets `role` run tandem on this node; for the ones it lacks when `missing_only`. `with_origins`: not with
// --origin-column.
[[nodiscard]] std::vector<std::string> grants_for(node_catalog const& node, std::string const& role,
                                                  bool missing_only, bool with_origins = true);

} // namespace tandem::engine
