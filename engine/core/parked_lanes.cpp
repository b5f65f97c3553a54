#include "engine/core/parked_lanes.hpp"

#include "codecs/sql/schema.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

namespace tandem::engine {
namespace {

// Sets of places that grow together; the representative is the least place.
class joined_places {
public:
    explicit joined_places(std::size_t count) : parent_(count) {
        std::iota(parent_.begin(), parent_.end(), std::size_t{0});
    }
    std::size_t of(std::size_t place) {
        while (parent_[place] != place) {
            place = parent_[place] = parent_[parent_[place]];
        }
        return place;
    }
    void join(std::size_t one, std::size_t other) {
        auto const first = of(one);
        auto const second = of(other);
        parent_[std::max(first, second)] = std::min(first, second);
    }

private:
    std::vector<std::size_t> parent_;
};

std::set<std::string> whole_tables(std::span<parked_row const> rows) {
    std::set<std::string> found;
    for (auto const& row : rows) {
        if (row.whole_table) {
            found.insert(row.table);
        }
    }
    return found;
}

} // namespace

std::vector<std::size_t> lanes_of(std::span<parked_row const> rows, bool keys_alone) {
    joined_places lanes{rows.size()};
    std::map<std::pair<std::string, std::optional<parked_keys::key_values>>, std::size_t> seen;
    auto const whole = keys_alone ? std::set<std::string>{} : whole_tables(rows);
    for (std::size_t at = 0; at < rows.size(); ++at) {
        auto const& row = rows[at];
        auto const meet = [&](std::optional<parked_keys::key_values> const& key) {
            auto const [place, fresh] = seen.try_emplace({row.table, key}, at);
            if (!fresh) {
                lanes.join(place->second, at);
            }
        };
        if (whole.contains(row.table)) {
            meet(std::nullopt);
        } else if (!row.key.empty()) {
            meet(row.key);
            if (!row.new_key.empty()) {
                meet(row.new_key);
            }
        }
    }
    std::vector<std::size_t> numbers(rows.size());
    for (std::size_t at = 0; at < rows.size(); ++at) {
        numbers[at] = lanes.of(at);
    }
    return numbers;
}

namespace {

// The lanes with a row that `wanted` says true of, but those with one that `spoils` says true of.
template <class Wanted, class Spoils>
std::vector<parked_lane> lanes_with(std::span<parked_row const> rows, Wanted wanted,
                                    Spoils spoils) {
    auto const lane = lanes_of(rows, false);
    std::map<std::size_t, parked_lane> chosen;
    for (std::size_t at = 0; at < rows.size(); ++at) {
        if (wanted(rows[at])) {
            chosen[lane[at]];
        }
    }
    for (std::size_t at = 0; at < rows.size(); ++at) {
        if (spoils(rows[at])) {
            chosen.erase(lane[at]);
        } else if (auto const found = chosen.find(lane[at]); found != chosen.end()) {
            found->second.push_back(at);
        }
    }
    std::vector<parked_lane> lanes;
    lanes.reserve(chosen.size());
    for (auto& [number, places] : chosen) {
        lanes.push_back(std::move(places));
    }
    return lanes;
}

} // namespace

std::vector<parked_lane> lanes_to_retry(std::span<parked_row const> rows) {
    return lanes_with(
        rows, [](parked_row const& row) { return row.asked == parked_request::retry; },
        [](parked_row const&) { return false; });
}

std::vector<parked_lane> colliding_lanes(std::span<parked_row const> rows) {
    auto const collides = [](parked_row const& row) {
        return row.sqlstate == sql::sqlstate::unique_violation && !row.key.empty();
    };
    return lanes_with(rows, collides, [&](parked_row const& row) {
        return row.asked != parked_request::none ||
               (!collides(row) && row.sqlstate != sql::sqlstate::queued);
    });
}

parked_drop decide_drop(std::span<parked_row const> rows) {
    auto const lane = lanes_of(rows, true);
    parked_drop decided;
    std::set<std::size_t> lanes_met;
    std::set<std::string> causes_gone; // tables
    std::set<std::string> causes_left;
    for (std::size_t at = 0; at < rows.size(); ++at) {
        bool const dropped = rows[at].asked == parked_request::drop;
        if (dropped) {
            decided.dropped.push_back(at);
            lanes_met.insert(lane[at]);
        }
        if (rows[at].whole_table) {
            (dropped ? causes_gone : causes_left).insert(rows[at].table);
        }
    }
    std::set<std::string> given; // tables that have a new cause
    for (std::size_t at = 0; at < rows.size(); ++at) {
        auto const& row = rows[at];
        if (row.asked == parked_request::drop) {
            continue;
        }
        bool const freed = causes_gone.contains(row.table) && !causes_left.contains(row.table);
        if (freed || lanes_met.contains(lane[at])) {
            decided.retried.push_back(at);
        }
        if (freed && given.insert(row.table).second) {
            decided.now_whole.push_back(at);
        }
    }
    return decided;
}

parked_keys keys_of(std::span<parked_row const> rows) {
    parked_keys parked;
    for (auto const& row : rows) {
        if (row.whole_table) {
            parked.park_table(row.table);
        }
        if (!row.key.empty()) {
            parked.park_key(row.table, row.key);
        }
        if (!row.new_key.empty()) {
            parked.park_key(row.table, row.new_key);
        }
    }
    return parked;
}

} // namespace tandem::engine
