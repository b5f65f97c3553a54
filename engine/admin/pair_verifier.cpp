#include "engine/admin/pair_verifier.hpp"

#include "engine/admin/failure.hpp"

#include <algorithm>
#include <limits>

namespace tandem::engine {
namespace {

constexpr std::size_t keys_at_once = 20'000; // each costs some fences
constexpr int repairs_most = 3;              // of one key

// Short ways for keys; a snapshot is held by the sessions that scan.
constexpr char const* look_settings = "SET enable_hashjoin = off; SET enable_mergejoin = off";
constexpr char const* scan_settings = "SET max_parallel_workers_per_gather = 0"; // a core is enough
constexpr char const* begin_scan = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
constexpr char const* comparing_tables = "comparing tables";

} // namespace

awaitable<bool> any_parked(session& at, std::string schema, std::string table) {
    io::pg::parameters values;
    values.emplace_back(std::move(schema));
    values.emplace_back(std::move(table));
    std::string text =
        "SELECT EXISTS (SELECT FROM tandem.parked WHERE schema_name = $1 AND table_name = $2)";
    auto const got = co_await at.ask(std::move(text), std::move(values), "reading tandem.parked");
    co_return got.boolean(0, 0);
}

awaitable<bool> parked_anywhere(workbench& bench, table_choice const& choice,
                                chosen_table const& table) {
    bool const there =
        co_await any_parked(bench.of(choice.target), table.target.schema, table.target.name);
    bool const here =
        co_await any_parked(bench.of(choice.source), table.source.schema, table.source.name);
    co_return here || there;
}

pair_verifier::pair_verifier(workbench& bench, options const& set, table_choice const& choice,
                             verify_wish const& wish)
    : bench_{bench},
      set_{set},
      choice_{choice},
      wish_{wish},
      fence_{bench, set, wish.patience},
      repairs_{bench, set, choice, wish.how} {
    fence_.tell(wish.waiting);
    if (wish.insists) {
        fence_.insist();
    }
}

awaitable<void> pair_verifier::open(io::asio::any_io_executor executor) {
    executor_ = executor;
    for (auto const* name : {&choice_.source, &choice_.target}) {
        auto scan = co_await open_scan(executor, *name);
        scans_.push_back(std::move(scan));
        co_await bench_.of(*name).run(look_settings, comparing_tables);
    }
    if (wish_.repairs) {
        write_repair_head(wish_.repairs, choice_.source, choice_.target);
    }
    if (wish_.apply || wish_.repairs) {
        co_await repairs_.read_origins();
    }
    if (!wish_.apply) {
        co_return;
    }
    auto const passed = co_await fence_.pass();
    if (passed == stream_fence::outcome::passed && !fence_.served()) {
        throw command_failed{
            exit_status::environment,
            "a repair is carried by the streams, and not all of them run: start 'tandem run', and see "
            "'tandem status'"};
    }
    fence_.insist();
}

awaitable<void> pair_verifier::close() {
    if (wish_.repairs) {
        write_repair_end(wish_.repairs);
    }
    if (repairing_) {
        co_await fence_.pass();
        repairs_.end();
        repairing_ = false;
    }
}

awaitable<session> pair_verifier::open_scan(io::asio::any_io_executor executor, std::string name) {
    node_options const node = *set_.node(name);
    session made = co_await session::open(std::move(executor), node);
    co_await made.run(scan_settings, comparing_tables);
    co_return made;
}

awaitable<table_comparison> pair_verifier::compare(chosen_table const& table) {
    for (session& each : scans_) {
        co_await each.run(begin_scan, comparing_tables);
    }
    table_comparison found;
    table_differences differences{scans_[0], scans_[1], table, wish_.pace};
    co_await differences.open(found);
    for (;;) {
        auto keys = co_await differences.next(keys_at_once);
        if (keys.empty()) {
            break;
        }
        co_await settle(table, differences.tables(), std::move(keys), found);
        if (wish_.progress) {
            verify_progress const now{std::max(found.source_rows, found.target_rows),
                                      differences.part(), found.different, found.repaired,
                                      found.undecided};
            auto telling = wish_.progress(now);
            co_await std::move(telling);
        }
    }
    co_await differences.close();
    for (session& each : scans_) {
        co_await each.run("COMMIT", comparing_tables);
    }
    co_return found;
}

awaitable<void> pair_verifier::settle(chosen_table const& table, compared_pair const& tables,
                                      std::vector<differing_key> keys, table_comparison& found) {
    auto settled = co_await settled_of(tables, std::move(keys), found);
    for (settled_key const& each : settled.different) {
        note_difference(found, table.key, each.shown(), wish_.keys_max);
    }
    if (wish_.repairs) {
        co_await write_repairs(wish_.repairs, bench_, choice_, table, tables, settled.different,
                               repairs_);
    }
    if (wish_.apply && !settled.different.empty()) {
        co_await repair(table, tables, std::move(settled.different), found);
    }
}

awaitable<settled_keys> pair_verifier::settled_of(compared_pair const& tables,
                                                  std::vector<differing_key> keys,
                                                  table_comparison& found) {
    bool const versions = repairs_.versions() && (wish_.apply || wish_.repairs);
    auto settling =
        settle_keys(bench_.of(choice_.source), bench_.of(choice_.target), tables, std::move(keys),
                    fence_, versions, "comparing table " + found.table);
    auto settled = co_await std::move(settling);
    found.unsettled += settled.unsettled;
    found.undecided += settled.undecided;
    co_return settled;
}

// What applications write meanwhile is left alone, so it may take more than once.
awaitable<void> pair_verifier::repair(chosen_table const& table, compared_pair const& tables,
                                      std::vector<settled_key> left, table_comparison& found) {
    if (!repairing_) {
        repairing_ = true;
        co_await repairs_.begin(executor_);
    }
    auto const before = std::ssize(left);
    auto const open_before = found.unsettled + found.undecided;
    for (int times = 0; times < repairs_most && !left.empty(); ++times) {
        bool const parked = co_await parked_anywhere(bench_, choice_, table);
        if (times > 0 && parked) { // sent again once more it would be parked once more
            break;
        }
        co_await repairs_.repair(table, tables, left);
        std::vector<differing_key> keys;
        for (settled_key const& each : left) {
            keys.push_back(each.shown());
        }
        auto settled = co_await settled_of(tables, std::move(keys), found);
        left = std::move(settled.different);
    }
    found.repaired += before - std::ssize(left) - (found.unsettled + found.undecided - open_before);
}

} // namespace tandem::engine
