// The SQL of a profile: its table, its rows, its statements.
#pragma once

#include "perf/harness/figures/workload.hpp"

#include <string>

namespace tandem::perf {

struct statements {
    std::string insert; // $1 to $2: numbers of the rows
    std::string update; // $1: an array of numbers
    std::string remove; // $1 to $2
};

[[nodiscard]] std::string table_name(profile const& what, int number); // 0 is the first
[[nodiscard]] std::string create_table(profile const& what, int number);
// The rows that are there before, the same on both masters; "": none.
[[nodiscard]] std::string seed_rows(profile const& what);
[[nodiscard]] statements statements_of(profile const& what, int number);
// CREATE PROCEDURE perf_fill(first bigint, rows bigint, side int): a backlog written by the server itself, in transactions
// of the profile's size, to its tables in turn.
[[nodiscard]] std::string fill_procedure(profile const& what, int tables);

} // namespace tandem::perf
