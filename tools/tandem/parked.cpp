// parked list, retry, drop; table resume.

#include "engine/admin/parked.hpp"

#include "engine/admin/failure.hpp"
#include "engine/config/error.hpp"
#include "engine/config/quantity.hpp"
#include "tools/tandem/command.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::tool {
namespace {

engine::parked_choice parked_of(call const& now) {
    engine::parked_choice choice;
    if (!now.direction.empty()) {
        choice.direction = engine::parse_parked_direction(now.set, now.direction);
    }
    choice.table = now.table;
    if (!now.key.empty()) {
        choice.key = engine::parse_parked_key(now.key);
    }
    return choice;
}

int request(call const& now, engine::parked_request what) {
    engine::validate_nodes(now.set, 1);
    if (!now.key.empty() && now.table.empty()) {
        throw engine::config_error{"--key needs --table: which table's key is it?"};
    }
    if (now.all && !now.table.empty()) {
        throw engine::config_error{"--all and --table exclude each other"};
    }
    if (!now.all && now.table.empty() && now.direction.empty()) {
        throw engine::config_error{
            "name what is meant: --table (and --key), --direction, or --all for everything"};
    }
    auto const patience = engine::parse_duration(now.wait);
    if (!patience) {
        throw engine::config_error{
            fmt::format("--wait '{}': expected a duration such as 30s or 2m", now.wait)};
    }
    auto choice = parked_of(now);
    auto const tell = [](std::string const& text) { fmt::print(stderr, "{}\n", text); };
    io::asio::io_context io{1};
    auto const outcomes =
        engine::run_on(io, engine::request_parked(io.get_executor(), now.set, std::move(choice),
                                                  what, *patience, tell));
    fmt::print("{}", now.json ? engine::outcomes_json(outcomes) : engine::outcomes_text(outcomes));
    if (outcomes.empty()) {
        fmt::print(stderr, "nothing that is parked matches; `tandem parked list` shows what is\n");
        return engine::exit_status::check;
    }
    auto const done = what == engine::parked_request::drop ? engine::parked_state::dropped
                                                           : engine::parked_state::applied;
    bool const all = std::ranges::all_of(
        outcomes, [done](engine::parked_outcome const& one) { return one.state == done; });
    return all ? engine::exit_status::ok : engine::exit_status::check;
}

} // namespace

int parked_list(call const& now) {
    engine::validate_nodes(now.set, 1);
    auto choice = parked_of(now);
    io::asio::io_context io{1};
    auto const found = engine::run_on(
        io, engine::list_parked(io.get_executor(), now.set, std::move(choice), now.rows));
    fmt::print("{}", now.json ? engine::parked_json(found) : engine::parked_text(found));
    if (found.empty()) {
        fmt::print(stderr, "nothing is parked\n");
    }
    return engine::exit_status::ok;
}

int parked_retry(call const& now) {
    return request(now, engine::parked_request::retry);
}

int table_resume(call const& now) {
    int worst = engine::exit_status::ok;
    for (auto const& table : now.names) {
        auto one = now;
        one.table = table;
        worst = std::max(worst, request(one, engine::parked_request::retry));
    }
    return worst;
}

int parked_drop(call const& now) {
    if (!now.yes) {
        throw engine::config_error{
            "parked drop gives changes up: what they wrote on the source will be missing on "
            "the target; add --yes to do it"};
    }
    return request(now, engine::parked_request::drop);
}

} // namespace tandem::tool
