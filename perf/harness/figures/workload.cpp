#include "perf/harness/figures/workload.hpp"

#include <algorithm>
#include <stdexcept>

namespace tandem::perf {

namespace {

enum { insert_rows, update_rows, delete_rows };

profile named(std::string name, std::string says) {
    profile made;
    made.name = std::move(name);
    made.says = std::move(says);
    return made;
}

std::vector<profile> all() {
    std::vector<profile> made;
    made.push_back(named("chat", "inserts of chat messages of about 250 bytes"));

    auto& updates =
        made.emplace_back(named("updates", "updates of 100,000 chat messages, each as often"));
    updates.inserts = 0;
    updates.updates = 100;
    updates.keys = 100'000;

    auto& oltp = made.emplace_back(
        named("oltp", "60 % inserts, 30 % updates, 10 % deletes of chat messages"));
    oltp.inserts = 60;
    oltp.updates = 30;
    oltp.deletes = 10;
    oltp.keys = 100'000;

    auto& hot = made.emplace_back(
        named("hot", "updates of 10,000 rows, popular by zipf 0.99; each master its own half"));
    hot.inserts = 0;
    hot.updates = 100;
    hot.keys = 10'000;
    hot.skew = 0.99;

    auto& wide = made.emplace_back(named("wide", "inserts of rows of 60 columns"));
    wide.columns = 60;
    wide.table = "wide_row";

    auto& text = made.emplace_back(
        named("text4k", "inserts of chat messages with 4 KB of text that hardly compresses"));
    text.body = 4096;

    auto& huge = made.emplace_back(named("huge", "inserts in transactions of 100,000 rows"));
    huge.rows_per_transaction = 100'000;
    huge.rate = 0.5;

    auto& storm =
        made.emplace_back(named("storm", "updates of the same 50 rows at both masters: conflicts"));
    storm.inserts = 0;
    storm.updates = 100;
    storm.keys = 50;
    storm.shared = true;

    auto& idle = made.emplace_back(named("idle", "one probe a second, nothing else"));
    idle.inserts = 0;
    idle.rate = 1;
    return made;
}

} // namespace

std::vector<profile> const& profiles() {
    static std::vector<profile> const made = all();
    return made;
}

profile const* find_profile(std::string_view name) {
    auto const found = std::ranges::find(profiles(), name, &profile::name);
    return found == profiles().end() ? nullptr : &*found;
}

planner::planner(profile const& what, int side, std::uint64_t seed, std::uint64_t probes_each)
    : what_(what),
      side_(side),
      probes_each_(probes_each),
      random_(seed + static_cast<std::uint64_t>(side)),
      first_row_(first_row(side)),
      next_row_(first_row_),
      next_probe_(first_probe(side)) {
    if (what.updates > 0) {
        // A side's own half, unless both write the same rows.
        auto const keys = static_cast<std::uint64_t>(what.shared ? what.keys : what.keys / 2);
        popular_.emplace(keys, what.skew);
    }
}

transaction planner::next() {
    transaction made;
    if (probes_each_ != 0 && made_++ % probes_each_ == 0) {
        made.probe = next_probe_++;
    }
    bool const nothing = what_.inserts + what_.updates + what_.deletes == 0;
    if (nothing || (made.probe != 0 && what_.inserts == 100 && what_.rows_per_transaction == 1)) {
        return made; // the probe is the row
    }
    if (what_.rows_per_transaction == 1) {
        auto const drawn = std::uniform_int_distribution<int>(0, 99)(random_);
        int const what = drawn < what_.inserts                   ? insert_rows
                         : drawn < what_.inserts + what_.updates ? update_rows
                                                                 : delete_rows;
        add(made, what, 1);
        return made;
    }
    auto const updates = what_.rows_per_transaction * what_.updates / 100;
    auto const deletes = what_.rows_per_transaction * what_.deletes / 100;
    add(made, delete_rows, deletes);
    add(made, update_rows, updates);
    add(made, insert_rows, what_.rows_per_transaction - updates - deletes);
    return made;
}

void planner::add(transaction& to, int what, std::int64_t rows) {
    if (rows == 0) {
        return;
    }
    if (what == delete_rows) {
        if (!deletable_.empty()) {
            auto& [first, last] = deletable_.front();
            to.delete_first = first;
            to.delete_last = std::min(last, first + rows - 1);
            first = to.delete_last + 1;
            if (first > last) {
                deletable_.pop_front();
            }
            return;
        }
        what = insert_rows; // nothing to delete yet
    }
    if (what == update_rows) {
        for (std::int64_t row = 0; row < rows; ++row) {
            to.update.push_back(updated_key());
        }
        // In the order of the keys: two transactions don't wait for each other in a circle.
        std::ranges::sort(to.update);
        auto const doubled = std::ranges::unique(to.update);
        to.update.erase(doubled.begin(), doubled.end());
        return;
    }
    if (to.inserts() == 0) {
        to.insert_first = next_row_;
    }
    next_row_ += rows;
    to.insert_last = next_row_ - 1;
}

std::int64_t planner::updated_key() {
    auto const keys = static_cast<std::uint64_t>(what_.shared ? what_.keys : what_.keys / 2);
    auto const key = static_cast<std::int64_t>(scattered((*popular_)(random_), keys));
    return what_.shared ? key + 1 : 2 * key + 1 + side_;
}

void planner::committed(transaction const& done) {
    if (what_.deletes > 0 && done.inserts() > 0) {
        deletable_.emplace_back(done.insert_first, done.insert_last);
    }
}

} // namespace tandem::perf
