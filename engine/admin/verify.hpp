#pragma once
// `verify`: are the masters equal?

#include "engine/admin/compare.hpp"
#include "engine/admin/session.hpp"
#include "engine/config/options.hpp"

#include <string>
#include <vector>

namespace tandem::engine {

struct verification {
    std::string source; // names of the two sides
    std::string target;
    std::vector<table_comparison> tables;
    std::vector<left_out_table> left_out; // not compared, and why

    [[nodiscard]] bool equal() const noexcept;
};

// Compares every synced table, each side in one repeatable-read snapshot. What is still on its way
// between the nodes counts as different. Throws command_failed and config_error.
[[nodiscard]] awaitable<verification> verify_tables(io::asio::any_io_executor executor, options set,
                                                    std::size_t keys_max);

[[nodiscard]] std::string verification_text(verification const& found);
[[nodiscard]] std::string verification_json(verification const& found);

} // namespace tandem::engine
