#include "perf/harness/check.hpp"

#include "perf/harness/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <stdexcept>
#include <utility>

namespace tandem::perf {

namespace {

using namespace std::chrono_literals;

// A backend tells its counts at most once a second.
constexpr auto counts_are_told = 2s;
constexpr auto quiet_time = 3s;

struct content {
    std::int64_t rows = 0;
    std::string hash;

    bool operator==(content const&) const = default;
};

content content_of(session& own, std::string const& table) {
    auto const found = own.rows(fmt::format(
        "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM {} AS t",
        table));
    return {std::stoll(found[0][0]), found[0][1]};
}

std::int64_t rows_written(session& own) {
    return own.number(
        "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_user_tables "
        "WHERE schemaname = 'public'");
}

class comparison {
public:
    comparison(masters& servers, check_wanted const& wanted)
        : wanted_(wanted),
          a_(servers.uri(node_a, wanted.database)),
          b_(servers.uri(node_b, wanted.database)) {}

    bool equal() {
        rows_ = {};
        bool same = true;
        for (auto const& table : wanted_.tables) {
            auto const a = content_of(a_, table);
            auto const b = content_of(b_, table);
            rows_.first += a.rows;
            rows_.second += b.rows;
            same = same && a == b;
        }
        return same && (!wanted_.counts_known || rows_.first == wanted_.rows);
    }

    [[nodiscard]] std::pair<std::int64_t, std::int64_t> rows() const { return rows_; }

    // What differs, row by row.
    void count_differences(check_result& into) {
        for (auto const& table : wanted_.tables) {
            auto const a = rows_of(a_, table);
            auto const b = rows_of(b_, table);
            for (auto const& [id, hash] : a) {
                auto const other = b.find(id);
                into.lost += other == b.end();
                into.differing += other != b.end() && other->second != hash;
            }
            into.lost +=
                std::ranges::count_if(b, [&](auto const& each) { return !a.contains(each.first); });
        }
    }

    // Rows that are written while nobody writes: an echo that goes round.
    std::int64_t written_in_quiet() {
        pause_for(counts_are_told);
        auto const before = rows_written(a_) + rows_written(b_);
        pause_for(quiet_time);
        return rows_written(a_) + rows_written(b_) - before;
    }

private:
    static std::map<std::int64_t, std::string> rows_of(session& own, std::string const& table) {
        std::map<std::int64_t, std::string> found;
        for (auto& each :
             own.rows(fmt::format("SELECT id, hashtextextended(t::text, 0) FROM {} AS t", table))) {
            found.emplace(std::stoll(each[0]), std::move(each[1]));
        }
        return found;
    }

    check_wanted const& wanted_;
    session a_;
    session b_;
    std::pair<std::int64_t, std::int64_t> rows_;
};

} // namespace

std::string check_result::said() const {
    return fmt::format("rows a {} b {}, lost {}, doubled {}, differing {}, looped {}", rows_a,
                       rows_b, lost, doubled, differing, looped);
}

check_result check_masters(masters& servers, check_wanted const& wanted) {
    comparison both(servers, wanted);
    check_result found;
    auto const began = monotonic_seconds();
    bool same = both.equal();
    while (!same && monotonic_seconds() - began < wanted.settle_seconds) {
        pause_for(200ms);
        same = both.equal();
    }
    found.settled_seconds = monotonic_seconds() - began;
    // What is delivered again is over after a while; a loop is not.
    do {
        found.looped = both.written_in_quiet();
    } while (found.looped > 0 && monotonic_seconds() - began < wanted.settle_seconds);
    same = both.equal();
    std::tie(found.rows_a, found.rows_b) = both.rows();
    if (!same) {
        both.count_differences(found);
        if (wanted.counts_known) {
            // Both the same and not what was written: lost or doubled at both.
            found.lost = std::max(found.lost, wanted.rows - std::min(found.rows_a, found.rows_b));
            found.doubled =
                std::max<std::int64_t>(std::max(found.rows_a, found.rows_b) - wanted.rows, 0);
        }
    }
    return found;
}

} // namespace tandem::perf
