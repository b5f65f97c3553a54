// What the pages ask of databases and brokers, and what they change there.

#include "engine/admin/conflicts.hpp"
#include "engine/admin/doctor.hpp"
#include "engine/admin/failure.hpp"
#include "engine/admin/parked.hpp"
#include "engine/admin/sync_requests.hpp"
#include "engine/admin/tables.hpp"
#include "engine/admin/tail_topic.hpp"
#include "engine/admin/topics.hpp"
#include "engine/config/error.hpp"
#include "engine/config/quantity.hpp"
#include "engine/config/retune.hpp"
#include "engine/console/answers.hpp"
#include "engine/console/assets.hpp"
#include "engine/console/masks.hpp"
#include "engine/console/paths.hpp"
#include "engine/console/service.hpp"
#include "engine/core/conflict_types.hpp"
#include "io/runtime/group.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <exception>
#include <initializer_list>
#include <memory>
#include <optional>
#include <utility>

namespace tandem::console {
namespace {

using namespace std::chrono_literals;
using io::http::error_response;
using io::http::json_response;
using io::http::query_value;
using io::http::request;
using io::http::response;

constexpr auto patience = 20s; // with what the running directions are asked for
constexpr std::size_t busy_most = 6;
constexpr std::size_t conflicts_most = 500;
constexpr std::size_t parked_most = 500;
constexpr std::size_t listed_characters = 200; // of a value
constexpr std::size_t shown_characters = 20'000;
constexpr std::uint64_t messages_most = 500;
constexpr std::size_t value_bytes = std::size_t{8} << 10;
constexpr std::size_t whole_value_bytes = std::size_t{16} << 20;
constexpr auto progress_interval = 150ms;

int http_status(engine::command_failed const& failed) noexcept {
    switch (failed.status()) {
    case engine::exit_status::usage:
        return 400;
    case engine::exit_status::check:
        return 409;
    case engine::exit_status::environment:
        return 503;
    default:
        return 500;
    }
}

std::uint64_t number_in(std::string_view query, std::string_view name, std::uint64_t otherwise,
                        std::uint64_t most) {
    auto const text = query_value(query, name).value_or("");
    std::uint64_t value = otherwise;
    auto const [stop, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (!text.empty() && (failed != std::errc{} || stop != text.data() + text.size())) {
        throw engine::config_error{fmt::format("{}={}: expected a whole number", name, text)};
    }
    if (value > most) {
        throw engine::config_error{fmt::format("{}={}: at most {}", name, text, most)};
    }
    return value;
}

nlohmann::json body_of(request const& asked) {
    auto read = nlohmann::json::parse(asked.body, nullptr, false);
    if (!read.is_object()) {
        throw engine::config_error{"the body is no JSON object"};
    }
    return read;
}

// What else is said was meant for something.
void refuse_others(nlohmann::json const& body, std::initializer_list<std::string_view> known) {
    for (auto const& [name, value] : body.items()) {
        if (std::ranges::find(known, name) == known.end()) {
            throw engine::config_error{
                fmt::format("'{}' is not known here; known are {}", name, fmt::join(known, ", "))};
        }
    }
}

std::string text_in(nlohmann::json const& from, char const* name) {
    if (!from.contains(name) || from[name].is_null()) {
        return {};
    }
    if (!from[name].is_string()) {
        throw engine::config_error{fmt::format("'{}' is to be a text", name)};
    }
    return from[name].get<std::string>();
}

bool is_json(request const& asked) {
    auto const type = asked.header("Content-Type");
    return type.substr(0, type.find_first_of("; ")) == "application/json";
}

struct turn {
    explicit turn(std::shared_ptr<std::size_t> of) noexcept : count{std::move(of)} { ++*count; }
    ~turn() { --*count; }
    turn(turn const&) = delete;
    turn& operator=(turn const&) = delete;
    std::shared_ptr<std::size_t> count;
};

// Pages whose answer for programs has to be asked for.
bool is_page(std::string_view path) noexcept {
    return path == "/live" || path == "/conflicts" || path == "/topics" || path == "/connect";
}
request as_question(request asked) {
    if (asked.path != "/connect") {
        asked.path = "/api/v1" + asked.path;
    }
    return asked;
}

engine::conflict_choice conflicts_wanted(engine::options const& set, std::string_view query) {
    engine::conflict_choice made;
    made.table = query_value(query, "table").value_or("");
    made.type = query_value(query, "type").value_or("");
    bool const known = std::ranges::find(engine::conflict_types, made.type) !=
                       std::ranges::end(engine::conflict_types);
    if (!made.type.empty() && !known) {
        throw engine::config_error{fmt::format("type={}: expected one of {}", made.type,
                                               fmt::join(engine::conflict_types, ", "))};
    }
    made.most = std::max<std::size_t>(number_in(query, "limit", 100, conflicts_most), 1);
    made.characters = listed_characters;
    if (auto const one = query_value(query, "conflict")) {
        made.only = engine::parse_conflict_place(set, *one);
        made.characters = query_value(query, "whole") ? 0 : shown_characters;
    }
    if (auto const before = query_value(query, "before")) {
        made.before = engine::parse_conflict_place(set, *before);
    }
    return made;
}

} // namespace

io::awaitable<response> service::answer(request asked) {
    if (is_page(asked.path)) {
        if (wants_page(asked)) {
            co_return page_response(asked);
        }
        asked = as_question(std::move(asked));
    }
    bool const reads = asked.method == "GET" || asked.method == "HEAD";
    if (*busy_ >= busy_most) {
        co_return error_response(503, "too many questions at a time; try again");
    }
    turn const mine{busy_};
    std::optional<response> refused;
    try {
        if (reads) {
            co_return co_await ask(std::move(asked));
        }
        co_return co_await change(std::move(asked));
    } catch (engine::config_error const& wrong) {
        refused = error_response(400, wrong.what());
    } catch (engine::command_failed const& failed) {
        refused = error_response(http_status(failed), failed.what());
    }
    co_return *refused;
}

io::awaitable<response> service::ask(request asked) {
    if (asked.path == "/api/v1/conflicts") {
        auto const choice = conflicts_wanted(set_, asked.query);
        auto found = co_await engine::list_conflicts(executor_, set_, choice);
        for (auto& each : found) {
            each = masked(std::move(each), set_.masks);
        }
        co_return json_response(
            fmt::format("{{\"conflicts\":{}}}\n", engine::conflicts_json(found)));
    }
    if (asked.path == "/api/v1/parked") {
        engine::parked_choice choice;
        choice.table = query_value(asked.query, "table").value_or("");
        auto found = co_await engine::list_parked(executor_, set_, choice, false);
        auto const all = found.size();
        found.resize(std::min(all, parked_most));
        for (auto& each : found) {
            each = masked(std::move(each), set_.masks);
        }
        co_return json_response(
            fmt::format("{{\"all\":{},\"parked\":{}}}\n", all, engine::parked_json(found)));
    }
    if (asked.path == "/api/v1/live") {
        co_return json_response(live_json());
    }
    if (asked.path == "/connect") {
        co_return json_response("{\"mode\":\"run\",\"connectors\":[],\"message\":\"connectors are "
                                "served by `tandem connect`\"}\n");
    }
    if (asked.path == "/api/v1/tables/states") {
        auto const found = co_await engine::list_tables(executor_, set_);
        co_return json_response(fmt::format("{{\"tables\":{}}}\n", engine::tables_json(found)));
    }
    if (asked.path == "/api/v1/doctor") {
        auto const found = co_await engine::examine(executor_, set_);
        co_return json_response(engine::doctor_json(found));
    }
    bool const of_topics = asked.path == "/api/v1/topics" || asked.path == "/api/v1/topic";
    if (of_topics && set_.transport != engine::transport::kafka) {
        co_return error_response(404,
                                 "this instance does not go through Kafka (--transport kafka)");
    }
    if (asked.path == "/api/v1/topics") {
        auto const found = co_await engine::list_topics(executor_, set_);
        co_return json_response(engine::topics_json(found));
    }
    if (asked.path == "/api/v1/topic") {
        auto name = query_value(asked.query, "name").value_or("");
        auto const found = co_await engine::describe_topic(executor_, set_, std::move(name));
        co_return json_response(engine::description_json(found));
    }
    co_return error_response(404, "there is nothing at this path");
}

io::awaitable<response> service::change(request asked) {
    if (!changes_something(asked.path)) {
        co_return error_response(405, "only GET and HEAD are possible here");
    }
    if (asked.method != "POST") {
        co_return error_response(405, "only POST is possible here");
    }
    if (set_.read_only) {
        co_return error_response(403, "this console is read-only (--read-only)");
    }
    if (!is_json(asked)) {
        co_return error_response(415, "expected Content-Type: application/json");
    }
    spdlog::info("console: {}", asked.path); // its body may have a row's values
    if (asked.path == "/api/v1/conflicts/restore") {
        co_return co_await restore(std::move(asked));
    }
    if (asked.path == "/api/v1/settings") {
        co_return retune(asked);
    }
    if (asked.path.starts_with("/api/v1/tables/")) {
        co_return co_await decide_table(std::move(asked));
    }
    co_return co_await decide_parked(std::move(asked));
}

io::awaitable<response> service::restore(request asked) {
    auto const body = body_of(asked);
    refuse_others(body, {"conflict"});
    auto place = engine::parse_conflict_place(set_, text_in(body, "conflict"));
    auto done = co_await engine::restore_conflict(executor_, set_, std::move(place));
    done.of = masked(std::move(done.of), set_.masks);
    co_return json_response(
        fmt::format("{{\"done\":{}}}\n", as_json_text(engine::restored_text(done))));
}

response service::retune(request const& asked) {
    auto const body = body_of(asked);
    refuse_others(body, {"name", "value"});
    auto const name = text_in(body, "name");
    set_ = engine::retuned(set_, name, text_in(body, "value"));
    tuned_.batch_rows.store(set_.batch_rows, std::memory_order_relaxed);
    tuned_.batch_bytes.store(set_.batch_bytes, std::memory_order_relaxed);
    tuned_.batch_delay.store(set_.batch_delay, std::memory_order_relaxed);
    if (name == "log-level") {
        spdlog::set_level(spdlog::level::from_str(set_.log_level));
    }
    spdlog::info("console: {} is {} until the next start", name, set_.told[name].front().text);
    return json_response(settings_json(set_));
}

io::awaitable<response> service::decide_table(request asked) {
    auto const body = body_of(asked);
    refuse_others(body, {"table", "direction", "winner"});
    auto table = text_in(body, "table");
    if (table.empty()) {
        throw engine::config_error{"'table' is missing"};
    }
    std::optional<engine::direction_names> direction;
    if (auto const named = text_in(body, "direction"); !named.empty()) {
        direction = engine::parse_parked_direction(set_, named);
    }
    if (asked.path.ends_with("/pause")) {
        auto pausing = engine::pause_table(executor_, set_, std::move(table), direction, patience);
        auto const outcomes = co_await std::move(pausing);
        co_return json_response(
            fmt::format("{{\"outcomes\":{}}}\n", engine::pauses_json(outcomes)));
    }
    if (asked.path.ends_with("/resume")) {
        engine::parked_choice choice;
        choice.direction = direction;
        choice.table = std::move(table);
        co_return co_await decided(std::move(choice), engine::parked_request::retry);
    }
    engine::sync_request what;
    what.tables = {std::move(table)};
    what.winner = text_in(body, "winner");
    what.patience = 0ms;
    what.tell = [](std::string const&) {};
    what.progress = [](std::vector<engine::sync_task> const&) {};
    auto const tasks = co_await engine::request_sync(executor_, set_, std::move(what));
    co_return json_response(fmt::format("{{\"tasks\":{}}}\n", engine::tasks_json(tasks)));
}

io::awaitable<response> service::decide_parked(request asked) {
    auto const body = body_of(asked);
    refuse_others(body, {"direction", "table", "key", "all"});
    engine::parked_choice choice;
    if (auto const direction = text_in(body, "direction"); !direction.empty()) {
        choice.direction = engine::parse_parked_direction(set_, direction);
    }
    choice.table = text_in(body, "table");
    if (auto const key = text_in(body, "key"); !key.empty()) {
        choice.key = engine::parse_parked_key(key);
    }
    bool const all = body.contains("all") && body["all"] == true;
    if (!choice.direction && choice.table.empty() && !all) {
        throw engine::config_error{"say which: 'table', 'direction', or \"all\":true"};
    }
    co_return co_await decided(std::move(choice), asked.path.ends_with("retry")
                                                      ? engine::parked_request::retry
                                                      : engine::parked_request::drop);
}

io::awaitable<response> service::decided(engine::parked_choice choice,
                                         engine::parked_request wanted) {
    auto silent = [](std::string const&) {};
    auto asking =
        engine::request_parked(executor_, set_, std::move(choice), wanted, patience, silent);
    auto outcomes = co_await std::move(asking);
    for (auto& each : outcomes) {
        each = masked(std::move(each), set_.masks);
    }
    co_return json_response(fmt::format("{{\"outcomes\":{}}}\n", engine::outcomes_json(outcomes)));
}

namespace {

struct found_records {
    std::string lines;
    engine::tail_progress so_far;
    bool ended = false;
};

std::string progress_line(found_records const& of, bool ended) {
    return fmt::format("{{\"progress\":{{\"shown\":{},\"read\":{},\"all\":{},\"ended\":{}}}}}\n",
                       of.so_far.shown, of.so_far.read, of.so_far.all, ended);
}

engine::tail_request request_of(request const& asked) {
    engine::tail_request wanted;
    wanted.topic = query_value(asked.query, "topic").value_or("");
    wanted.from = engine::parse_topic_place(query_value(asked.query, "from").value_or("newest"));
    if (auto const partition = query_value(asked.query, "partition");
        partition && !partition->empty()) {
        wanted.partition =
            static_cast<std::int32_t>(number_in(asked.query, "partition", 0, 1'000'000));
    }
    wanted.count = std::max<std::uint64_t>(number_in(asked.query, "count", 50, messages_most), 1);
    wanted.key = query_value(asked.query, "key").value_or("");
    wanted.pattern = query_value(asked.query, "search").value_or("");
    return wanted;
}

io::awaitable<bool> read_into(io::asio::any_io_executor executor, engine::options set,
                              engine::tail_request wanted, engine::tail_listener tell,
                              found_records& into) {
    co_await engine::tail_topic(std::move(executor), std::move(set), std::move(wanted),
                                std::move(tell), into.so_far);
    into.ended = true;
    co_return true;
}

// False when the client is gone: reading is then cancelled.
io::awaitable<bool> write_out(io::asio::any_io_executor executor, found_records& from,
                              io::http::response_stream& out) {
    io::asio::steady_timer timer{std::move(executor)};
    for (;;) {
        timer.expires_after(progress_interval);
        co_await timer.async_wait(io::asio::use_awaitable);
        auto text = std::exchange(from.lines, {}) + progress_line(from, false);
        bool const there = co_await out.write(std::move(text));
        if (!there) {
            co_return false;
        }
    }
}

std::string why(std::exception_ptr const& failed) {
    try {
        std::rethrow_exception(failed);
    } catch (engine::config_error const& wrong) {
        return wrong.what();
    } catch (engine::command_failed const& ended) {
        return ended.what();
    } catch (std::exception const&) {
        return "internal error";
    }
}

} // namespace

io::awaitable<void> service::search(request asked, io::http::response_stream& out) {
    if (*busy_ >= busy_most) {
        co_await out.write("{\"error\":\"too many questions at a time; try again\"}\n");
        co_return;
    }
    turn const mine{busy_};
    found_records found;
    std::string problem;
    bool gone = false;
    try {
        if (set_.transport != engine::transport::kafka) {
            throw engine::config_error{
                "this instance does not go through Kafka (--transport kafka)"};
        }
        auto wanted = request_of(asked);
        bool const hidden = !set_.masks.empty();
        if (hidden &&
            (!wanted.key.empty() || !wanted.pattern.empty())) { // it would tell them bit by bit
            throw engine::config_error{
                "messages cannot be searched while --mask hides values; use `tandem topic tail`"};
        }
        auto const most = query_value(asked.query, "whole") && wanted.count == 1 ? whole_value_bytes
                                                                                 : value_bytes;
        engine::tail_listener tell;
        tell.record = [&found, most, hidden](engine::topic_record const& record) {
            found.lines += record_line(record, most, hidden);
        };
        tell.remark = [&found](std::string const& text) {
            found.lines += fmt::format("{{\"remark\":{}}}\n", as_json_text(text));
        };
        tell.progress = [] {};
        io::group<bool> both{executor_};
        auto reading = read_into(executor_, set_, std::move(wanted), std::move(tell), found);
        both.add("read", std::move(reading));
        auto writing = write_out(executor_, found, out);
        both.add("write", std::move(writing));
        auto const endings = co_await both.run();
        auto const& first = endings.front();
        gone = first.name == "write";
        if (!gone && first.exception) {
            problem = why(first.exception);
        }
    } catch (engine::config_error const& wrong) {
        problem = wrong.what();
    }
    if (gone) {
        co_return;
    }
    auto text = found.lines + progress_line(found, true);
    if (!problem.empty()) {
        text += fmt::format("{{\"error\":{}}}\n", as_json_text(problem));
    }
    co_await out.write(std::move(text));
}

} // namespace tandem::console
