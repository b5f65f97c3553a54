#pragma once
// The text of the statements that repair rows in which two masters differ.
//
// A row that wins is sent again: it is written as it is, as the version that it is already, under an origin that travels on.
// The peer then takes it like every other change (R9, R11). What no statement may do is write over something that was
// written since: each names the transaction that wrote the row when it was looked at.

#include "codecs/sql/compare_statements.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tandem::sql {

struct seen_row {
    std::vector<std::string> key; // texts
    std::string writer;           // xmin
};

// Rows of one version, in a transaction of its own; as a new version where `at` is empty.
// `column`: one that can be set. `unix_us`: none where the version's time is not known, which is older than all others.
struct resent_version {
    bool as_new = false;
    std::optional<std::int64_t> unix_us;
};
[[nodiscard]] std::string resend_rows(compared_table const& table, std::string const& column,
                                      std::span<seen_row const> rows,
                                      resent_version const& version);
// In a transaction of its own. As a row of its answer: how many.
[[nodiscard]] std::string remove_seen_rows(compared_table const& table,
                                           std::span<seen_row const> rows);
// Rows that are to be overwritten or removed here go to tandem.conflict first.
struct repair_note {
    std::string winner; // node names
    std::string loser;  // this one
};
[[nodiscard]] std::string note_losing_rows(compared_table const& table,
                                           std::span<seen_row const> rows, repair_note const& note);

// The version of rows whose time is not known, as that of 2000-01-01 00:00:01+00; zero would mean now.
inline constexpr std::int64_t oldest_us = 946'684'801'000'000;
// pg_replication_origin_xact_setup() of a version.
[[nodiscard]] std::string set_version(std::optional<std::int64_t> unix_us);

// For people, who run it on the loser: what the row there becomes, if it is still the one that was seen.
struct repaired_column {
    std::string name;
    std::string type_name;
    std::optional<std::string> value;
    bool key = false;
    bool fixed = false; // cannot be updated
};
[[nodiscard]] std::string insert_row_on(std::string const& node, compared_table const& table,
                                        std::span<repaired_column const> row);
[[nodiscard]] std::string update_row_on(std::string const& node, compared_table const& table,
                                        std::span<repaired_column const> row, seen_row const& seen);
[[nodiscard]] std::string remove_row_on(std::string const& node, compared_table const& table,
                                        seen_row const& seen);
// One row's columns as texts.
[[nodiscard]] std::string read_row(compared_table const& table, seen_row const& row);

} // namespace tandem::sql
