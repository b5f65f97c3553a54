#include "engine/flow/instance.hpp"

#include "engine/admin/failure.hpp"
#include "engine/admin/init.hpp"
#include "engine/admin/reconcile.hpp"
#include "engine/admin/spool_check.hpp"
#include "engine/config/load.hpp"
#include "engine/config/pattern.hpp"
#include "engine/core/names.hpp"
#include "engine/core/origin_gate.hpp"
#include "engine/core/stats.hpp"
#include "engine/flow/direction.hpp"
#include "engine/flow/first_syncer.hpp"
#include "engine/flow/kafka_clients.hpp"
#include "engine/flow/lease.hpp"
#include "engine/flow/receiving.hpp"
#include "engine/flow/sending.hpp"
#include "engine/flow/setup_of.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <thread>
#include <vector>

namespace tandem::engine {
namespace {

using namespace std::chrono_literals;
namespace asio = io::asio;

constexpr auto stop_limit = 10s;

std::int64_t now_us() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

// A direction, or half of one, with its thread.
struct worker {
    std::unique_ptr<supervised> body;
    std::thread thread;
    std::atomic<bool> ended{false};

    void start() {
        thread = std::thread{[this] {
            asio::io_context context{1};
            asio::co_spawn(context, body->run(), [](std::exception_ptr failed) {
                if (failed) {
                    try {
                        std::rethrow_exception(failed);
                    } catch (std::exception const& thrown) {
                        spdlog::critical("a direction ended: {}", thrown.what());
                    }
                }
            });
            context.run();
            ended.store(true);
        }};
    }
};

// What one direction's workers are made from, each time this instance begins to serve.
struct planned_direction {
    direction_setup setup;
    direction_stats* stats;
};

struct instance {
    instance_stats stats;
    std::shared_ptr<tuning> tuned;
    std::map<std::string, std::unique_ptr<node_bookkeeping>> bookkeeping;
    std::vector<planned_direction> planned;
    std::vector<std::unique_ptr<worker>> workers;

    node_stats& node(std::string const& name) {
        return **std::ranges::find(stats.nodes, name, [](auto const& each) { return each->name; });
    }
};

void warn(instance_stats& said, std::string text) {
    spdlog::warn("{}", text);
    said.warnings.push_back(std::move(text));
}

// Where large transactions wait for their end; empty: nowhere, so that they are not sent before it.
std::string spool_folder(options const& set, instance_stats& said) {
    auto const found = check_spool(set);
    if (!found) {
        return {};
    }
    if (auto const refused = refusal({*found})) {
        throw *refused;
    }
    if (found->level == severity::ok) {
        return set.spool_folder;
    }
    warn(said, fmt::format("{} {}; {}", found->condition, found->current, found->cure));
    return {};
}

void warn_of_old_sources(options const& set, prepared const& ready, instance_stats& said) {
    constexpr int streaming_version = 140000;
    for (auto const& choice : ready.choices) {
        auto const* const source = find_catalog(ready.nodes, choice.source);
        if (set.streaming && set.streaming_named && source != nullptr &&
            source->server_version < streaming_version) {
            warn(said,
                 fmt::format("--streaming on has no effect on node {}: PostgreSQL {} sends large "
                             "transactions when they have committed, 14 and later can do "
                             "otherwise",
                             source->name, source->major()));
        }
    }
}

bool masks_something(table_pattern const& mask, node_catalog const& node) {
    return std::ranges::any_of(node.tables, [&mask](table_info const& table) {
        return std::ranges::any_of(table.columns, [&](column_info const& column) {
            return hides({mask}, table.schema, table.name, column.name);
        });
    });
}

void warn_of_idle_masks(options const& set, prepared const& ready, instance_stats& said) {
    for (table_pattern const& mask : set.masks) {
        bool const any = std::ranges::any_of(
            ready.nodes, [&mask](node_catalog const& node) { return masks_something(mask, node); });
        if (!any) {
            warn(said,
                 fmt::format("--mask '{}' names no column of any table that there is: it hides "
                             "nothing so far",
                             mask.text));
        }
    }
}

void build_all(instance& made, options const& set, prepared const& ready,
               std::string const& folder) {
    for (auto const& node : ready.nodes) {
        made.stats.nodes.push_back(std::make_unique<node_stats>(node.name, node.rank));
        made.stats.nodes.back()->server_version.store(node.server_version);
        made.stats.nodes.back()->up.store(true);
    }
    for (auto const& members : {set.nodes, set.peers}) {
        for (node_options const& each : members) {
            made.bookkeeping[each.name] = std::make_unique<node_bookkeeping>();
        }
    }
    made.stats.started_at_us = now_us();
    if (!set.masks.empty()) {
        made.stats.tail.hides = [masks = set.masks](auto schema, auto table, auto column) {
            return hides(masks, schema, table, column);
        };
    }
    if (set.listen != "off" && !parse_listen(set.listen).loopback &&
        (set.tls_certificate.empty() || set.token_file.empty())) {
        warn(made.stats,
             fmt::format("{} is served {} to everybody who can reach it (--insecure-listen)",
                         set.listen,
                         set.tls_certificate.empty() ? "by plain HTTP" : "without a token"));
    }
    warn_of_old_sources(set, ready, made.stats);
    warn_of_idle_masks(set, ready, made.stats);
    made.stats.policy = conflicts_of(set, ready.policy.policy, {}).text();
    if (!ready.policy.why.empty()) {
        made.stats.policy += fmt::format(" ({})", ready.policy.why);
    }
    for (auto const& choice : ready.choices) {
        auto& stats = *made.stats.directions.emplace_back(
            std::make_unique<direction_stats>(choice.source, choice.target));
        std::vector<std::pair<std::string, std::string>> left_out;
        for (auto const& table : choice.left_out) {
            left_out.emplace_back(table.table, table.reason);
            spdlog::warn("{} -> {}: {} is not synced: {}{}", choice.source, choice.target,
                         table.table, table.reason,
                         set.ddl && !table.by_nature ? " (or its DDL is still on its way)" : "");
        }
        stats.set_left_out(std::move(left_out));
        stats.tail = &made.stats.tail;
        for (auto const& table : choice.synced) {
            stats.by_table.of(table.source.schema, table.source.name).key =
                fmt::format("{}", fmt::join(table.key, ", "));
        }
        if (set.node(choice.target) == nullptr) { // its site tells how it is applied
            stats.set_state(direction_state::streaming, {});
        }
        made.planned.push_back({setup_of(set, ready, choice, folder, made.tuned), &stats});
    }
}

// For one time of serving; they wait until they are started.
void make_workers(instance& made, options const& set) {
    made.workers.clear();
    for (auto const& [setup, stats] : made.planned) {
        auto& source_wal = *made.bookkeeping[setup.source.name];
        auto& target_wal = *made.bookkeeping[setup.target.name];
        auto const add = [&made](std::unique_ptr<supervised> body) {
            body->stand_by();
            made.workers.emplace_back(std::make_unique<worker>())->body = std::move(body);
        };
        bool const is_applied_to =
            std::ranges::any_of(made.planned, [&source = setup.source](auto const& other) {
                return other.setup.target.name == source.name;
            });
        if (setup.conflicts.any_guarded() && is_applied_to &&
            set.node(setup.source.name) != nullptr) {
            source_wal.deletes.watch();
        }
        if (set.transport == transport::direct) {
            add(std::make_unique<direction>(setup, *stats, made.node(setup.source.name), source_wal,
                                            target_wal));
            continue;
        }
        if (set.node(setup.source.name) != nullptr) {
            add(std::make_unique<sending>(setup, kafka_of(set), *stats,
                                          made.node(setup.source.name), source_wal, target_wal));
        }
        if (set.node(setup.target.name) != nullptr) {
            add(std::make_unique<receiving>(setup, kafka_of(set), *stats, source_wal, target_wal));
        }
    }
}

using clock = std::chrono::steady_clock;

// Streams that broke, and that are to begin anew.
std::vector<direction_names> broken_streams(instance const& running, options const& set) {
    std::vector<direction_names> found;
    if (set.on_gap == gap_care::stop) {
        return found;
    }
    for (auto const& one : running.stats.directions) {
        auto const state = one->state().state;
        if (state == direction_state::gap || state == direction_state::lost) {
            found.push_back({one->source, one->target});
        }
    }
    return found;
}

bool all(instance const& running, bool (*holds)(worker const&)) {
    return std::ranges::all_of(running.workers, [&](auto const& one) { return holds(*one); });
}

enum class served { to_the_end, lost, gap };

// Until all workers have ended: because this was asked for or there is nothing left to do, or because the lease is
// another instance's now.
asio::awaitable<served> serve(instance& running, first_syncer& syncer, options const& set,
                              stop_asked const& asked, instance_lease const& lease,
                              clock::time_point started, std::function<void()> const& too_late) {
    asio::steady_timer timer{co_await asio::this_coro::executor};
    std::optional<served> why;
    clock::time_point stop_at{};
    for (;;) {
        auto const now = clock::now();
        bool const equal =
            syncer.settled() || std::ranges::any_of(running.workers, [](auto const& one) {
                return one->body->stuck(); // what is left cannot be done then
            });
        bool const caught_up = set.until_caught_up && equal && all(running, [](worker const& one) {
                                   return one.body->caught_up() || one.body->stuck();
                               });
        bool const over = set.until && now - started >= *set.until;
        if (!why && (asked() || caught_up || over || !lease.held())) {
            why = lease.held() ? served::to_the_end : served::lost;
        } else if (!why && !broken_streams(running, set).empty()) {
            why = served::gap;
        }
        if (why && stop_at == clock::time_point{}) {
            stop_at = now + stop_limit;
            syncer.stop();
            for (auto const& one : running.workers) {
                one->body->stop();
            }
        }
        if (why && all(running, [](worker const& one) { return one.ended.load(); })) {
            break;
        }
        if (why && now >= stop_at) {
            stop_at = clock::time_point::max();
            spdlog::error("not everything ended within {} s: it is done again at the next start",
                          stop_limit.count());
            too_late();
        }
        timer.expires_after(50ms);
        co_await timer.async_wait(io::use_tuple);
    }
    for (auto const& one : running.workers) {
        one->thread.join();
    }
    co_return *why;
}

// False: the end came first.
asio::awaitable<bool> wait_for(instance_lease const& lease, options const& set,
                               stop_asked const& asked, clock::time_point started) {
    asio::steady_timer timer{co_await asio::this_coro::executor};
    auto const told_at = clock::now() + 1s;
    bool told = false;
    while (!lease.held()) {
        if (asked() || (set.until && clock::now() - started >= *set.until)) {
            co_return false;
        }
        if (!told && clock::now() >= told_at) {
            told = true;
            spdlog::info("standing by: another instance serves; it is followed when it ends");
        }
        timer.expires_after(20ms);
        co_await timer.async_wait(io::use_tuple);
    }
    co_return true;
}

// Tried until it is done: each try begins where the last one ended.
asio::awaitable<void> begin_anew(options const& set, std::vector<direction_names> broken) {
    auto const executor = co_await asio::this_coro::executor;
    std::string trouble;
    try {
        auto const notes = co_await reconcile_streams(executor, set, std::move(broken));
        for (auto const& note : notes) {
            spdlog::warn("{}", note);
        }
    } catch (std::exception const& failed) {
        trouble = failed.what();
    }
    if (!trouble.empty()) { // the stream breaks again at its next start, and here we are
        spdlog::warn("a broken stream cannot begin anew: {}; trying again", trouble);
        asio::steady_timer timer{executor};
        timer.expires_after(1s);
        co_await timer.async_wait(io::use_tuple);
    }
}

void summarise(instance const& ended) {
    for (auto const& one : ended.stats.directions) {
        auto const& count = one->count;
        bool const applied_elsewhere = std::ranges::none_of(
            ended.stats.nodes, [&](auto const& node) { return node->name == one->target; });
        if (applied_elsewhere) {
            spdlog::info(
                "{} -> {}: {} changes in {} transactions sent, {} echoes stopped, confirmed {}",
                one->source, one->target, count.captured_rows.load(),
                count.captured_transactions.load(), count.echoes_stopped.load(),
                to_string(lsn{count.confirmed_lsn.load()}));
            continue;
        }
        spdlog::info(
            "{} -> {}: {} changes in {} transactions applied in {} batches, {} echoes stopped, {} "
            "conflicts, {} parked, confirmed {}",
            one->source, one->target, count.applied_rows.load(), count.applied_transactions.load(),
            count.batches.load(), count.echoes_stopped.load(), sum(count.conflicts),
            count.parked.load(), to_string(lsn{count.confirmed_lsn.load()}));
    }
    for (auto const& one : ended.workers) {
        if (one->body->left_undone()) {
            spdlog::warn(
                "{}: what was on its way was not finished: it is rolled back, and the next "
                "start does it again from its beginning",
                one->body->name());
        }
    }
}

} // namespace

struct sync_instance::parts {
    options set;
    std::string folder;
    instance running;
};

sync_instance::sync_instance(options set) : parts_{std::make_unique<parts>()} {
    parts_->folder = spool_folder(set, parts_->running.stats);
    parts_->running.tuned =
        std::make_shared<tuning>(set.batch_rows, set.batch_bytes, set.batch_delay);
    parts_->set = std::move(set);
}

sync_instance::~sync_instance() = default;

void sync_instance::check(asio::any_io_executor const& executor) const {
    if (parts_->set.transport == transport::kafka) {
        check_clients(executor, kafka_of(parts_->set));
    }
}

instance_stats const& sync_instance::stats() const noexcept {
    return parts_->running.stats;
}

instance_stats& sync_instance::stats() noexcept {
    return parts_->running.stats;
}

tuning& sync_instance::tuned() noexcept {
    return *parts_->running.tuned;
}

bool sync_instance::stuck() const {
    return std::ranges::any_of(parts_->running.workers,
                               [](auto const& one) { return one->body->stuck(); });
}

void sync_instance::build(prepared const& ready) {
    for (auto const& note : ready.notes) {
        spdlog::info("{}", note);
    }
    build_all(parts_->running, parts_->set, ready, parts_->folder);
    spdlog::info("conflict policy {}", parts_->running.stats.policy);
}

asio::awaitable<void> sync_instance::live(stop_asked asked, std::function<void()> too_late) {
    auto const& set = parts_->set;
    auto& running = parts_->running;
    instance_lease lease{set.nodes};
    lease.start(co_await asio::this_coro::executor);
    auto const started = clock::now();
    for (auto how = served::lost; how == served::lost && !asked();) {
        make_workers(running, set);
        auto const turn = co_await wait_for(lease, set, asked, started);
        if (!turn) {
            break;
        }
        for (auto const& one : running.workers) {
            one->start();
        }
        first_syncer syncer{set, running.stats.checks};
        syncer.start();
        how = co_await serve(running, syncer, set, asked, lease, started, too_late);
        if (how == served::gap) {
            co_await begin_anew(set, broken_streams(running, set));
            how = served::lost; // and served again
        }
    }
    co_await lease.stop();
}

void sync_instance::summarise() const {
    engine::summarise(parts_->running);
}

} // namespace tandem::engine
