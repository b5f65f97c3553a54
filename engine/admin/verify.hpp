#pragma once
// `verify`: are the masters equal?
//
// Online: what is on its way counts for nothing. A difference is one that survives both streams passing a fence while nobody
// wrote the key (engine/admin/settling.hpp). Memory is bounded whatever differs: keys come in parts, and each part is
// settled, listed and repaired before the next.

#include "engine/admin/pair_verifier.hpp"
#include "engine/config/options.hpp"

#include <string>
#include <vector>

namespace tandem::engine {

struct verification {
    std::string source; // names of the two sides
    std::string target;
    std::vector<table_comparison> tables;
    std::vector<left_out_table> left_out; // not compared, and why
    std::vector<std::string> idle;        // streams "a:b" that nobody serves: what they have not
                                          // brought counts as different
    std::vector<std::string> late;        // ... that did not come up to what was compared

    [[nodiscard]] bool equal() const noexcept;
};

// Compares every synced table. Throws command_failed and config_error.
[[nodiscard]] awaitable<verification> verify_tables(io::asio::any_io_executor executor, options set,
                                                    verify_wish wish);

[[nodiscard]] std::string verification_text(verification const& found);
[[nodiscard]] std::string verification_json(verification const& found);

} // namespace tandem::engine
