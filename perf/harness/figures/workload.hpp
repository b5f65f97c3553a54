// What an application does to a master: which rows its transactions touch, decided by a seed alone.
#pragma once

#include "perf/harness/figures/zipf.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::perf {

struct profile {
    std::string name;
    std::string says; // for --help
    // Shares of the rows, of 100 in sum; all 0: nothing but probes.
    int inserts = 100;
    int updates = 0;
    int deletes = 0;
    std::int64_t rows_per_transaction = 1;
    std::int64_t keys = 0; // rows that are there before, which updates are made to
    double skew = 0;       // of zipf, over these keys
    bool shared = false;   // both masters update the same rows, at once
    int body = 120;        // characters of text
    int columns = 7;
    double rate = 1000; // transactions per second and direction, unless --rate says another
    std::string table = "chat_message";
};

[[nodiscard]] std::vector<profile> const& profiles();
[[nodiscard]] profile const* find_profile(std::string_view name);

struct transaction {
    std::int64_t insert_first = 1;
    std::int64_t insert_last = 0;
    std::vector<std::int64_t> update;
    std::int64_t delete_first = 1;
    std::int64_t delete_last = 0;
    std::int64_t probe = 0; // one more row, that is waited for at the peer; 0: none

    [[nodiscard]] std::int64_t inserts() const { return insert_last - insert_first + 1; }
    [[nodiscard]] std::int64_t deletes() const { return delete_last - delete_first + 1; }
};

// Rows of a side have numbers of their own, so that the sides meet in none but the seeded ones.
inline constexpr std::int64_t side_width = 4'000'000'000'000;
inline constexpr std::int64_t probes_from = 2'000'000'000'000;
[[nodiscard]] constexpr std::int64_t first_row(int side) {
    return side_width * (side + 1) + 1;
}
[[nodiscard]] constexpr std::int64_t first_probe(int side) {
    return side_width * (side + 1) + probes_from;
}

// Decides transaction after transaction of one side. One thread.
class planner {
public:
    // probes_each: every so many transactions has a probe
    planner(profile const& what, int side, std::uint64_t seed, std::uint64_t probes_each);

    transaction next();
    // What it inserted may be deleted from now on.
    void committed(transaction const& done);

    [[nodiscard]] std::int64_t rows_made() const { return next_row_ - first_row_; }

private:
    void add(transaction& to, int what, std::int64_t rows);
    std::int64_t updated_key();

    profile what_;
    int side_;
    std::uint64_t probes_each_;
    std::mt19937_64 random_;
    std::optional<zipf> popular_;
    std::int64_t first_row_;
    std::int64_t next_row_;
    std::int64_t next_probe_;
    std::uint64_t made_ = 0;
    std::deque<std::pair<std::int64_t, std::int64_t>> deletable_;
};

} // namespace tandem::perf
