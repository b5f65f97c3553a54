#include "engine/flow/first_syncer.hpp"

#include "engine/admin/failure.hpp"
#include "engine/admin/pair_verifier.hpp"
#include "engine/admin/sync_tasks.hpp"
#include "engine/admin/table_fill.hpp"
#include "engine/config/error.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

namespace tandem::engine {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr auto tasks_interval = 2s;
constexpr auto first_look_after = 200ms;
constexpr auto after_trouble = 1s;
constexpr auto progress_said_every = 10s;
constexpr int passes_most = 20;
constexpr int parked_looks = 20;      // a second each
constexpr auto fence_patience = 5min; // a stream may have much to catch up with

io::awaitable<void> pause_for(std::chrono::milliseconds how_long) {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    timer.expires_after(how_long);
    co_await timer.async_wait(io::use_tuple);
}

std::string undecided_text(std::int64_t rows) {
    return rows == 0 ? std::string{}
                     : fmt::format(", {} differ that may be on their way: a stream is late", rows);
}

} // namespace

first_syncer::first_syncer(options const& set, table_checks& checks)
    : set_{set}, watcher_{set, checks} {}

first_syncer::~first_syncer() {
    stop();
}

void first_syncer::start() {
    if (set_.nodes.size() < 2 || thread_.joinable()) { // the peer's database is out of reach
        settled_ = true;
        return;
    }
    context_.emplace(1);
    thread_ = std::thread{[this] {
        io::asio::co_spawn(*context_, run(), [](std::exception_ptr failed) {
            if (failed) {
                spdlog::critical("what makes tables equal has ended");
            }
        });
        context_->run();
    }};
}

void first_syncer::stop() {
    if (thread_.joinable()) {
        context_->stop();
        thread_.join();
        keeper_.reset();
        context_.reset(); // ends what was on its way
    }
}

io::awaitable<void> first_syncer::run() {
    co_await pause_for(first_look_after);
    for (;;) {
        std::string trouble;
        bool worked = false;
        try {
            worked = co_await look();
        } catch (std::exception const& failed) {
            trouble = failed.what();
        }
        if (!trouble.empty()) {
            keeper_.reset();
            if (working_ && std::exchange(told_, trouble) != trouble) {
                spdlog::warn("making tables equal: {}; trying again", trouble);
            }
            co_await pause_for(after_trouble);
        } else if (!worked) {
            settled_ = true;
            told_.clear();
            co_await watch();
            co_await pause_for(tasks_interval);
        }
    }
}

io::awaitable<void> first_syncer::watch() {
    std::string trouble;
    try {
        co_await watcher_.look();
    } catch (std::exception const& failed) {
        trouble = failed.what();
    }
    if (std::exchange(watch_told_, trouble) != trouble && !trouble.empty()) {
        spdlog::warn("verify: {}; trying again", trouble);
    }
}

io::awaitable<bool> first_syncer::look() {
    if (keeper_ == nullptr) {
        auto const executor = co_await io::asio::this_coro::executor;
        node_options const where = task_keeper(set_);
        session opened = co_await session::open(executor, where);
        keeper_ = std::make_unique<session>(std::move(opened));
    }
    auto tasks = co_await read_tasks(*keeper_, true);
    working_ = !tasks.empty();
    if (tasks.empty()) {
        co_return false;
    }
    settled_ = false;
    co_await carry_out(std::move(tasks));
    co_return true;
}

io::awaitable<void> first_syncer::carry_out(std::vector<sync_task> tasks) {
    auto const executor = co_await io::asio::this_coro::executor;
    workbench bench = co_await open_workbench(executor, set_);
    std::vector<table_choice> const choices = choose_all(bench.nodes, set_);
    table_choice const& choice = choices.front();
    for (sync_task& task : tasks) {
        co_await make_equal(bench, choice, std::move(task));
    }
}

// Of a pass, every now and then.
io::awaitable<void> first_syncer::told(sync_task& task, pass_so_far& pass, verify_progress now) {
    task.said.clear();
    task.rows = now.rows;
    task.part = now.part;
    task.different = pass.different + now.different;
    task.repaired = pass.repaired + now.repaired;
    auto const at = steady::now();
    if (at - pass.said_at >= progress_said_every) {
        pass.said_at = at;
        auto const seconds = std::chrono::duration<double>(at - pass.began).count();
        spdlog::info(
            "{}: table {}: {:.0f} % of {} rows looked at, {} differed, {} made equal{}, about "
            "{:.0f} s left",
            task.why, task.display(), now.part * 100, now.rows, task.different, task.repaired,
            undecided_text(now.undecided), now.part > 0 ? seconds / now.part - seconds : 0.0);
    }
    co_await note_task(*keeper_, task);
}

// Whatever has been compared so far, a stream that is late makes all of it uncertain.
io::awaitable<void> first_syncer::waits_for(sync_task& task, std::string stream) {
    task.said = fmt::format("waiting until stream {} has come up to what is compared", stream);
    spdlog::info("{}: table {}: {}", task.why, task.display(), task.said);
    co_await note_task(*keeper_, task);
}

// R14 may yet decide what is parked.
io::awaitable<bool> first_syncer::parked_for_long(workbench& bench, table_choice const& choice,
                                                  chosen_table const& table, sync_task& task) {
    for (int looks = 0; looks < parked_looks; ++looks) {
        bool const parked = co_await parked_anywhere(bench, choice, table);
        if (!parked) {
            co_return false;
        }
        task.said = "changes of it are parked: 'tandem parked list'";
        co_await note_task(*keeper_, task);
        co_await pause_for(after_trouble);
    }
    co_return true;
}

// None: a stream was late before anything was compared.
io::awaitable<std::optional<table_comparison>> first_syncer::pass_over(workbench& bench,
                                                                       table_choice const& choice,
                                                                       chosen_table const& table,
                                                                       sync_task& task,
                                                                       std::string deleted_at) {
    pass_so_far pass{task.different, task.repaired};
    verify_wish wish;
    wish.apply = true;
    wish.patience = fence_patience;
    bool const begins = task.why == first_sync_task || task.why == gap_task;
    wish.how.peer_deletes = task.peer_deletes && begins;
    wish.how.filled_deletes = task.peer_deletes;
    wish.how.deleted_at = deleted_at;
    wish.how.prefer = task.follow;
    wish.progress = [&](verify_progress now) { return told(task, pass, now); };
    wish.waiting = [&](std::string stream) { return waits_for(task, std::move(stream)); };
    pair_verifier work{bench, set_, choice, wish};
    auto const executor = co_await io::asio::this_coro::executor;
    co_await work.open(executor);
    std::optional<table_comparison> found;
    if (!work.fence().late().empty()) {
        co_return found;
    }
    task.said.clear();
    found = co_await work.compare(table);
    co_await work.close();
    task.rows = std::max(found->source_rows, found->target_rows);
    task.different = pass.different + found->different;
    task.repaired = pass.repaired + found->repaired;
    task.part = 1;
    co_return found;
}

// What comes of it is compared by the passes that follow.
io::awaitable<void> first_syncer::fill(workbench& bench, table_choice const& choice,
                                       chosen_table const& table, sync_task& task) {
    auto const empty = co_await to_be_filled(bench, choice, table, task.follow);
    if (!empty) {
        co_return;
    }
    // Rows of the full copy may have been deleted at the empty one, and that be on its way.
    verify_wish wish;
    wish.apply = true;
    wish.patience = fence_patience;
    wish.waiting = [&](std::string stream) { return waits_for(task, std::move(stream)); };
    pair_verifier streams{bench, set_, choice, wish};
    auto const executor = co_await io::asio::this_coro::executor;
    co_await streams.open(executor);
    auto const still = co_await to_be_filled(bench, choice, table, task.follow);
    bool const late = !streams.fence().late().empty();
    if (late || !still || still->to != empty->to) {
        co_return;
    }
    task.peer_deletes = true;
    co_await note_peer_deletes(*keeper_, task);
    auto const began = steady::now();
    auto said_at = began;
    filling_sink const progress = [&](table_filling now) -> io::awaitable<void> {
        task.said.clear();
        task.rows = now.rows;
        task.part = now.part;
        if (steady::now() - said_at >= progress_said_every) {
            said_at = steady::now();
            auto const seconds = std::chrono::duration<double>(said_at - began).count();
            spdlog::info("{}: table {}: {:.0f} % copied, {} rows, {:.1f} MB, about {:.0f} s left",
                         task.why, task.display(), now.part * 100, now.rows,
                         static_cast<double>(now.bytes) / 1e6, seconds / now.part - seconds);
        }
        co_await note_task(*keeper_, task);
    };
    bool const forward = still->from == choice.source;
    auto filling = fill_table(bench, set_, table, *still, forward, progress);
    auto const filled = co_await std::move(filling);
    task.different += filled.rows;
    task.repaired += filled.rows;
    spdlog::info("{}: table {}: {} rows ({:.1f} MB) copied from node {} in {:.1f} s", task.why,
                 task.display(), filled.rows, static_cast<double>(filled.bytes) / 1e6, filled.from,
                 std::chrono::duration<double>(steady::now() - began).count());
}

io::awaitable<void> first_syncer::failed(sync_task& task, std::string why) {
    task.state = "failed";
    task.said = std::move(why);
    spdlog::warn("{}: table {}: {}", task.why, task.display(), task.said);
    co_await note_task(*keeper_, task);
}

io::awaitable<void> first_syncer::make_equal(workbench& bench, table_choice const& choice,
                                             sync_task task) {
    auto const table = std::ranges::find_if(choice.synced, [&](chosen_table const& each) {
        return each.source.schema == task.schema && each.source.name == task.name;
    });
    if (table == choice.synced.end()) {
        co_await failed(task, "it is not synced: 'tandem doctor' says why");
        co_return;
    }
    task.state = "running";
    task.said.clear();
    co_await note_task(*keeper_, task);
    std::string deleted_at = task.deleted_at;
    if (!deleted_at.empty()) {
        bool const waiting = co_await any_parked(bench.of(deleted_at), task.schema, task.name);
        if (waiting) { // what is missing there may be among it
            deleted_at.clear();
        }
    }
    auto const began = steady::now();
    if (task.why != gap_task) { // in a gap, what is missing may have been deleted
        co_await fill(bench, choice, *table, task);
    }
    for (int passes = 1;;) {
        auto const found = co_await pass_over(bench, choice, *table, task, deleted_at);
        if (!found) {
            continue;
        }
        if (found->undecided > 0) { // the next pass begins when the stream has come up
            task.said = fmt::format("not known yet{}", undecided_text(found->undecided));
            spdlog::info("{}: table {}: {}", task.why, task.display(), task.said);
            co_await note_task(*keeper_, task);
            continue;
        }
        if (found->different == 0) {
            break;
        }
        if (passes >= passes_most) {
            auto why = fmt::format("{} rows stay different: see 'tandem parked list', "
                                   "'tandem conflict list' and 'tandem verify'",
                                   found->different - found->repaired);
            co_await failed(task, std::move(why));
            co_return;
        }
        if (found->repaired < found->different) {
            bool const waits = co_await parked_for_long(bench, choice, *table, task);
            passes = waits ? passes_most : passes + 1; // a person has to decide
        } else {
            ++passes;
        }
        task.said.clear();
        co_await note_task(*keeper_, task);
    }
    task.state = "done";
    co_await note_task(*keeper_, task);
    spdlog::info("{}: table {}: equal, {} rows, {} differed, in {:.1f} s", task.why, task.display(),
                 task.rows, task.different,
                 std::chrono::duration<double>(steady::now() - began).count());
}

} // namespace tandem::engine
