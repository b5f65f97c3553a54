#pragma once
// Fills an empty copy of a table by COPY while the streams run: a table that joined later, or that somebody asked for.
//
// Piece by piece, in short transactions and without locks. Each piece is what the source has at its own moment; what is
// written since comes by the stream, which may be ahead of the copy or behind it. So a row of the copy is the oldest version
// that there is, and what is there already stays. A row that was deleted at the source while its piece was on its way comes
// back by it: whoever fills a table compares it afterwards, and takes rows that came so for the source's (repair_rules).

#include "engine/admin/choose.hpp"
#include "engine/admin/workbench.hpp"
#include "engine/config/options.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace tandem::engine {

struct table_filling {
    std::string from; // nodes
    std::string to;
    std::int64_t rows = 0; // so far
    std::uint64_t bytes = 0;
    double part = 0;   // of the source's pages
    bool met = false;  // some rows were there before
    bool done = false; // false at the end: the rest is left to whoever compares
};

// Which copy is to be filled, if one is empty, or nearly so, and the other is not. `follow`: the node that is right; empty: the other one.
[[nodiscard]] awaitable<std::optional<table_filling>> to_be_filled(workbench& bench,
                                                                   table_choice const& choice,
                                                                   chosen_table const& table,
                                                                   std::string follow);

// `progress` is told after each piece. Throws command_failed.
using filling_sink = std::function<awaitable<void>(table_filling)>;
[[nodiscard]] awaitable<table_filling> fill_table(workbench& bench, options const& set,
                                                  chosen_table const& table, table_filling what,
                                                  bool forward, filling_sink progress);

} // namespace tandem::engine
