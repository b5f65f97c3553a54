#include "engine/flow/table_watcher.hpp"

#include "engine/admin/choose.hpp"
#include "engine/admin/pair_verifier.hpp"
#include "engine/admin/workbench.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace tandem::engine {
namespace {

using namespace std::chrono_literals;

constexpr auto stream_patience = 60s;
constexpr std::size_t keys_shown = 20;
constexpr int rest_of_each_second = 99; // seconds

table_check check_of(table_comparison const& found, double seconds) {
    table_check made;
    made.table = found.table;
    made.at_us = std::chrono::duration_cast<std::chrono::microseconds>(
                     std::chrono::system_clock::now().time_since_epoch())
                     .count();
    made.seconds = seconds;
    made.rows = std::max(found.source_rows, found.target_rows);
    made.different = found.different;
    made.undecided = found.undecided;
    made.unsettled = found.unsettled;
    for (auto const* list : {&found.only_source, &found.only_target, &found.changed}) {
        made.keys.insert(made.keys.end(), list->begin(), list->end());
    }
    return made;
}

} // namespace

io::awaitable<void> table_watcher::look() {
    auto const began = clock::now();
    if (set_.verify_every == 0ms || began < rests_until_) {
        co_return;
    }
    rests_until_ =
        began + std::min<clock::duration>(set_.verify_every, 10s); // where nothing is due
    auto const executor = co_await io::asio::this_coro::executor;
    workbench bench = co_await open_workbench(executor, set_);
    std::vector<table_choice> const choices = choose_all(bench.nodes, set_);
    table_choice const& choice = choices.front();
    chosen_table const* next = nullptr;
    auto oldest = began - set_.verify_every;
    for (chosen_table const& each : choice.synced) {
        auto const at = compared_.find(each.source.display());
        auto const when = at == compared_.end() ? clock::time_point{} : at->second;
        if (when <= oldest) {
            oldest = when;
            next = &each;
        }
    }
    if (next == nullptr) {
        co_return;
    }
    verify_wish wish;
    wish.patience = stream_patience;
    wish.keys_max = keys_shown;
    wish.insists = true;
    pair_verifier work{bench, set_, choice, wish};
    co_await work.open(executor);
    table_comparison const found = co_await work.compare(*next);
    co_await work.close();
    auto const ended = clock::now();
    auto const took = ended - began - work.fence().waited();
    compared_[found.table] = ended;
    rests_until_ = ended + took * rest_of_each_second;
    auto made = check_of(found, std::chrono::duration<double>(took).count());
    auto const counts = fmt::format("{} rows on node {}, {} on node {}", found.source_rows,
                                    choice.source, found.target_rows, choice.target);
    say(made, counts);
    checks_.note(std::move(made));
}

// What differs, once; and that it does not any more.
void table_watcher::say(table_check const& made, std::string const& other_counts) {
    if (made.undecided > 0) { // nothing new is known
        return;
    }
    auto const now = made.different == 0 ? std::string{}
                                         : fmt::format("{} rows differ: {}", made.different,
                                                       fmt::join(made.keys, ", "));
    auto& before = said_[made.table];
    if (now == before) {
        return;
    }
    if (now.empty()) {
        spdlog::info("verify: table {}: equal again ({})", made.table, other_counts);
    } else {
        spdlog::warn("verify: table {}: {} ({}): 'tandem verify --apply' or 'tandem table resync' "
                     "makes it equal",
                     made.table, now, other_counts);
    }
    before = now;
}

} // namespace tandem::engine
