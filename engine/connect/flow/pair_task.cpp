#include "engine/connect/flow/pair_task.hpp"

#include "engine/admin/failure.hpp"
#include "engine/config/error.hpp"
#include "engine/connect/pair_settings.hpp"
#include "engine/flow/instance.hpp"
#include "io/runtime/group.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

namespace tandem::connect {
namespace {

using namespace std::chrono_literals;
using engine::direction_state;
using engine::failure;
using engine::next_step;

// The one that most needs somebody; an empty reason while all is well.
engine::direction_stats::snapshot worst_of(engine::instance_stats const& of) {
    engine::direction_stats::snapshot worst{direction_state::streaming, {}};
    auto const weight = [](direction_state state) {
        switch (state) {
        case direction_state::streaming:
        case direction_state::standby:
        case direction_state::snapshot:
        case direction_state::starting:
            return 0;
        case direction_state::retrying:
            return 1;
        case direction_state::paused:
        case direction_state::gap:
        case direction_state::lost:
        case direction_state::fenced:
            break;
        }
        return 2;
    };
    for (auto const& each : of.directions) {
        auto seen = each->state();
        if (weight(seen.state) > weight(worst.state)) {
            seen.reason = fmt::format("{} -> {}: {}", each->source, each->target, seen.reason);
            worst = std::move(seen);
        }
    }
    return worst;
}

class pair_task final : public engine::supervised {
public:
    pair_task(task_setup const& setup, engine::options set, engine::direction_stats& stats)
        : supervised{fmt::format("connector {} task {}", setup.connector, setup.number), stats},
          set_{std::move(set)} {}

private:
    [[nodiscard]] io::awaitable<failure> stream() override {
        std::unique_ptr<engine::sync_instance> running;
        std::optional<failure> why;
        try {
            running = std::make_unique<engine::sync_instance>(set_);
            auto const executor = co_await io::asio::this_coro::executor;
            running->check(executor);
            auto const ready = co_await engine::prepare(executor, set_);
            running->build(ready);
        } catch (engine::command_failed const& failed) {
            bool const passes = failed.status() == engine::exit_status::environment ||
                                failed.status() == engine::exit_status::runtime;
            why = failure{passes ? next_step::retry : next_step::paused, failed.what()};
        } catch (engine::config_error const& wrong) {
            why = failure{next_step::paused, wrong.what()};
        }
        if (why) {
            co_return *why;
        }
        over_ = false;
        io::group<failure> members{co_await io::asio::this_coro::executor};
        members.add("sync", sync(*running));
        members.add("watch", watch(*running));
        auto const endings = co_await members.run();
        running->summarise();
        co_return said_by(endings.front());
    }

    [[nodiscard]] io::awaitable<failure> sync(engine::sync_instance& running) {
        auto asked = [this] { return stop_requested(); };
        auto too_late = [] {}; // it goes on being waited for: the worker has other connectors
        co_await running.live(std::move(asked), std::move(too_late));
        over_ = true;
        co_return failure{next_step::stopped, {}};
    }

    // Its state is that of its directions.
    [[nodiscard]] io::awaitable<failure> watch(engine::sync_instance const& running) {
        io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
        while (!over_) {
            auto worst = worst_of(running.stats());
            set_state(worst.state, std::move(worst.reason));
            timer.expires_after(100ms);
            co_await timer.async_wait(io::use_tuple);
        }
        co_return failure{next_step::stopped, {}};
    }

    engine::options const set_;
    bool over_ = false;
};

} // namespace

outcome<task> make_pair_task(task_setup const& setup) {
    auto set = pair_options_of(setup);
    if (!set) {
        return set.error();
    }
    task made;
    made.stats = std::make_unique<engine::direction_stats>("pair", setup.connector);
    made.body = std::make_unique<pair_task>(setup, std::move(*set), *made.stats);
    return made;
}

} // namespace tandem::connect
