#include "engine/connect/flow/worker.hpp"

#include "engine/connect/config_providers.hpp"
#include "engine/connect/origin_recipe.hpp"
#include "io/runtime/group.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace tandem::connect {
namespace {

using namespace std::chrono_literals;
using engine::failure;
using engine::next_step;

constexpr auto beat_interval = 1s;
constexpr auto beat_patience = 10s;
constexpr auto release_patience = 10s;

} // namespace

worker::worker(io::asio::any_io_executor executor, worker_setup setup, task_maker make)
    : executor_{executor},
      setup_{std::move(setup)},
      make_{std::move(make)},
      topics_{executor, setup_, [this](config_state::told const& what) { changed(what); }} {}

worker::~worker() = default;

io::awaitable<engine::outcome_of<void>> worker::open() {
    auto opened = co_await topics_.open();
    if (!opened) {
        co_return opened;
    }
    spdlog::info("connect: {} connectors in topic {}", configs().connectors().size(),
                 setup_.topics.config.name);
    place_all();
    ready_ = true;
    co_return boost::system::in_place_value;
}

io::awaitable<failure> worker::run() {
    io::group<failure> members{executor_};
    members.add("topics", topics_.run());
    members.add("connectors", tend());
    auto endings = co_await members.run();
    ready_ = false;
    if (endings.front().exception) {
        std::rethrow_exception(endings.front().exception);
    }
    co_return endings.front().value;
}

io::awaitable<failure> worker::tend() {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    for (;;) {
        if (stopping_) {
            for (auto& [name, one] : runs_) {
                one->end();
            }
        } else {
            beat();
            if (placed_for_ != topics_.members().version()) {
                place_all();
            }
            for (auto const& [name, asked] : std::map{awaited_}) {
                place(name);
            }
        }
        for (auto& [name, one] : runs_) {
            one->step();
        }
        std::erase_if(runs_, [this](auto const& each) {
            bool const over = each.second->ended() && each.second->idle();
            if (over && !stopping_) {
                release(each.first);
            }
            return over;
        });
        if (stopping_ && runs_.empty()) {
            topics_.send(state_kind::status, {topics_.members().farewell()});
            co_await topics_.settle();
            co_return failure{next_step::stopped, {}};
        }
        if (!stopping_) {
            tell();
        }
        timer.expires_after(20ms);
        co_await timer.async_wait(io::asio::use_awaitable);
    }
}

// One at a time: who does not read its own does not count others'.
void worker::beat() {
    auto const now = clock::now();
    bool const back = topics_.members().own_beats() >= beats_;
    if (now - beaten_at_ < (back ? beat_interval : beat_patience)) {
        return;
    }
    if (back) { // so is all that was told before it
        insist();
    }
    beaten_at_ = now;
    ++beats_;
    topics_.send(state_kind::status, {topics_.members().beat()});
}

void worker::place_all() {
    auto const& members = topics_.members();
    if (placed_for_ != members.version()) {
        placed_for_ = members.version();
        spdlog::info("connect: {} workers share the connectors", members.size());
        if (members.has_twin()) {
            spdlog::error("connect: another worker says that it is {} too: give each its own "
                          "ADVERTISED_HOST_NAME and port",
                          setup_.id);
        }
    }
    for (auto const& [name, entry] : configs().connectors()) {
        if (find(name) == nullptr || !members.is_mine(name)) {
            place(name);
        }
    }
}

void worker::place(std::string const& name) {
    auto const* const entry = configs().find(name);
    if (entry == nullptr || !topics_.members().is_mine(name)) {
        awaited_.erase(name);
        if (auto* const one = find(name)) {
            one->end();
        }
        return;
    }
    if (find(name) == nullptr) {
        auto const asked = awaited_.try_emplace(name, clock::now()).first->second;
        if (!is_free(name, asked)) {
            return;
        }
        awaited_.erase(name);
        if (auto const* const before = statuses().connector(name)) {
            generation_ = std::max(generation_, before->generation + 1);
        }
    }
    want(name, *entry);
    keep_tasks(name, *entry);
}

bool worker::is_free(std::string const& name, clock::time_point asked) const {
    auto const* const before = statuses().connector(name);
    return before == nullptr || before->worker == setup_.id ||
           before->state == run_state::unassigned || !topics_.members().is_live(before->worker) ||
           clock::now() - asked > release_patience;
}

// Nothing of it runs here any more; another may have it.
void worker::release(std::string const& name) {
    auto const told = said_.find(name);
    if (told == said_.end() || configs().find(name) == nullptr) {
        return;
    }
    said_.erase(told);
    topics_.send(state_kind::status, {connector_status_record(name, status_of(name, {}))});
}

connector_run* worker::find(std::string_view connector) {
    auto const found = runs_.find(connector);
    return found == runs_.end() || found->second->ended() ? nullptr : found->second.get();
}

void worker::changed(config_state::told const& what) {
    switch (what.what) {
    case config_state::change::none:
    case config_state::change::tasks:
        break;
    case config_state::change::connector:
    case config_state::change::target:
        if (configs().find(what.connector) != nullptr) {
            place(what.connector);
        }
        break;
    case config_state::change::removed:
        forget(what.connector);
        break;
    case config_state::change::restart:
        if (auto* const one = find(what.connector); one != nullptr && what.with_tasks) {
            one->restart(what.only_failed);
        }
        break;
    }
}

void worker::want(std::string const& name, connector_entry const& entry) {
    auto& run = runs_[name];
    if (run == nullptr) {
        run = std::make_unique<connector_run>(name, make_);
    }
    connector_run::wanted what;
    what.target = entry.target;
    auto const of = connector_class(entry.config);
    auto config = resolved(entry.config);
    if (of && config) {
        config = with_origin_recipe(**of, std::move(*config));
    }
    if (!of || !config) {
        what.problem = fmt::format("org.apache.kafka.connect.errors.ConnectException: {}",
                                   !of ? of.error().what : config.error().what);
        run->want(std::move(what));
        return;
    }
    what.offsets = [this, name] { return topics_.offsets().of(name); };
    int number = 0;
    for (auto& each : task_configs(**of, *config)) {
        task_setup one;
        one.connector = name;
        one.number = number++;
        one.of = *of;
        one.config = std::move(each);
        one.worker = setup_.defaults;
        one.brokers = setup_.topics.brokers;
        one.properties = setup_.topics.properties;
        one.offset_topic = setup_.topics.offset.name;
        one.offset_partitions = topics_.partitions(state_kind::offset);
        if (setup_.topic_tracking) {
            one.status_topic = setup_.topics.status.name;
            one.status_partitions = topics_.partitions(state_kind::status);
        }
        what.tasks.push_back(std::move(one));
    }
    for (auto& each : what.tasks) {
        each.tasks = number;
    }
    if (entry.target == target_state::paused) { // it has those with which it ran
        what.tasks.resize(std::min(what.tasks.size(), entry.tasks.size()));
    }
    run->want(std::move(what));
}

// The topic tells of a connector's tasks as they are to be, with references in place of secrets.
void worker::keep_tasks(std::string const& name, connector_entry const& entry) {
    auto const of = connector_class(entry.config);
    if (!of || entry.target != target_state::started) {
        return; // stopped ones have none, paused ones those that they had
    }
    auto const tasks = task_configs(**of, entry.config);
    if (tasks != entry.tasks) {
        topics_.send(state_kind::config, task_records(name, tasks));
    }
}

void worker::forget(std::string const& name) {
    auto const found = runs_.find(name);
    if (found != runs_.end()) {
        found->second->end();
    }
    said_.erase(name);
    topics_.send(state_kind::status, forget_records(name, statuses()));
}

// What has changed since it was told last.
void worker::tell() {
    for (auto const& [name, one] : runs_) {
        if (!one->ended()) {
            tell(name, *one);
        }
    }
}

void worker::insist() {
    for (auto const& [name, one] : runs_) {
        auto const last = said_.find(name);
        if (one->ended() || last == said_.end() || is_known_so(name)) {
            continue;
        }
        if (auto const* const other = statuses().connector(name)) {
            generation_ = std::max(generation_, other->generation + 1);
        }
        said_.erase(last);
    }
}

bool worker::is_known_so(std::string const& name) const {
    auto const same = [this](run_status const& known, connector_run::told const& told) {
        return known.worker == setup_.id && known.state == told.state;
    };
    auto const& last = said_.find(name)->second;
    auto const* const known = statuses().connector(name);
    if (known == nullptr || !last.connector || !same(*known, *last.connector)) {
        return false;
    }
    auto const& tasks = statuses().tasks(name);
    return std::ranges::all_of(last.tasks, [&](auto const& each) {
        auto const found = tasks.find(each.first);
        return found != tasks.end() && same(found->second, each.second);
    });
}

// What references of its configuration point to is not told.
run_status worker::status_of(std::string const& name, connector_run::told const& told) const {
    auto const* const entry = configs().find(name);
    auto trace = entry == nullptr ? told.trace
                                  : with_references(told.trace, entry->config, setup_.providers);
    return {told.state, setup_.id, generation_, std::move(trace)};
}

void worker::tell(std::string const& name, connector_run const& one) {
    auto& last = said_[name];
    auto const now = one.connector();
    if (last.connector != now) {
        last.connector = now;
        topics_.send(state_kind::status, {connector_status_record(name, status_of(name, now))});
    }
    auto tasks = one.tasks();
    for (auto const& [number, told] : tasks) {
        auto const before = last.tasks.find(number);
        if (before == last.tasks.end() || before->second != told) {
            topics_.send(state_kind::status,
                         {task_status_record(name, number, status_of(name, told))});
        }
    }
    // Those that there are no more, at first also of an earlier worker.
    auto gone =
        std::exchange(last.fresh, false) ? statuses().tasks(name) : std::map<int, run_status>{};
    for (auto const& [number, told] : last.tasks) {
        gone.emplace(number, run_status{});
    }
    for (auto const& [number, status] : gone) {
        if (!tasks.contains(number)) {
            topics_.send(state_kind::status, {no_task_record(name, number)});
        }
    }
    last.tasks = std::move(tasks);
}

} // namespace tandem::connect
