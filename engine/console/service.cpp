#include "engine/console/service.hpp"

#include "engine/config/error.hpp"
#include "engine/config/load.hpp"
#include "engine/config/token_file.hpp"
#include "engine/console/answers.hpp"
#include "engine/console/assets.hpp"
#include "engine/console/health.hpp"
#include "engine/console/paths.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string_view>
#include <system_error>
#include <utility>

namespace tandem::console {
namespace {

using namespace std::chrono_literals;
using io::http::json_response;
using io::http::query_value;
using io::http::request;
using io::http::response;

constexpr auto sample_interval = 1s;
constexpr auto tail_interval = 250ms;
constexpr std::size_t tail_most = 150; // changes in one event
constexpr std::int64_t watch_us = 3'000'000;

std::int64_t now_us() {
    using namespace std::chrono;
    return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

response text_response(std::string type, std::string body) {
    response made;
    made.content_type = std::move(type);
    made.body = std::move(body);
    return made;
}

// "stats,changes"
bool names(std::string_view list, std::string_view word) noexcept {
    while (!list.empty()) {
        auto const stop = std::min(list.find(','), list.size());
        if (list.substr(0, stop) == word) {
            return true;
        }
        list.remove_prefix(std::min(stop + 1, list.size()));
    }
    return false;
}

std::string safe_token(std::string const& path) {
    auto token = engine::read_token(path);
    constexpr std::size_t least = 16;
    if (token.size() < least) {
        throw engine::config_error{fmt::format(
            "--token-file {}: a token of {} characters can be guessed; it needs {} at least, such as "
            "`openssl rand -hex 32` makes",
            path, token.size(), least)};
    }
    return token;
}

} // namespace

io::http::server_options listen_options(engine::options const& set) {
    auto const address = engine::parse_listen(set.listen);
    io::http::server_options made;
    made.address = address.host;
    made.port = address.port;
    made.allowed_hosts = set.allowed_hosts;
    if (!set.tls_certificate.empty()) {
        made.tls = io::http::tls_files{set.tls_certificate, set.tls_key};
    }
    if (!set.token_file.empty()) {
        made.token = safe_token(set.token_file);
    }
    return made;
}

service::service(io::asio::any_io_executor executor, engine::options set,
                 engine::instance_stats& stats, engine::tuning& tuned)
    : executor_{std::move(executor)},
      set_{std::move(set)},
      stats_{stats},
      tuned_{tuned},
      board_{stats} {}

void service::serve(io::http::server& server) {
    add_health(server);
    add_status(server);
    auto const status = [this](request const&) {
        return json_response(engine::status_json(board_.view(now_us())));
    };
    auto const tables = [this](request const&) {
        return json_response(tables_json(board_.view(now_us()), board_.tables()));
    };
    page const pages[] = {
        {"/", status},
        {"/tables", tables},
        {"/loops", status},
        {"/settings", [this](request const&) { return json_response(settings_json(set_)); }}};
    add_assets(server, pages);
    server.route("/api/v1/tables", tables);
    server.stream("/api/v1/stream", "text/event-stream",
                  [this](request asked, io::http::response_stream& out) {
                      return stream(std::move(asked), out);
                  });
    server.stream("/api/v1/messages", "application/x-ndjson",
                  [this](request asked, io::http::response_stream& out) {
                      return search(std::move(asked), out);
                  });
    server.rest([this](request asked) { return answer(std::move(asked)); });
}

void service::add_health(io::http::server& server) {
    server.route("/livez", [](request const&) { return json_response("{\"alive\":true}\n"); });
    server.route("/readyz", [this](request const& asked) {
        auto const seen = board_.view(now_us());
        bool const verbose = query_value(asked.query, "verbose").has_value();
        bool const lines = asked.header("Accept").find("text/plain") != std::string::npos;
        auto made = lines ? text_response("text/plain; charset=utf-8", engine::ready_text(seen))
                          : json_response(engine::ready_json(seen, verbose));
        made.status = seen.ready() ? 200 : 503;
        return made;
    });
    constexpr char const* type = "text/plain; version=0.0.4; charset=utf-8";
    server.route("/metrics", [this](request const&) {
        return text_response(type, engine::metrics_text(board_.view(now_us()), board_.tables()));
    });
    server.route("/metrics/compat", [this](request const&) {
        return text_response(type, engine::compat_metrics_text(board_.view(now_us())));
    });
}

void service::add_status(io::http::server& server) {
    server.route("/api/v1/status", [this](request const&) {
        return json_response(engine::status_json(board_.view(now_us())));
    });
    server.route("/api/v1/health", [this](request const&) {
        return json_response(health_json(health_of(board_.view(now_us()))) + "\n");
    });
    server.route("/api/v1/history", [this](request const& asked) {
        auto const wanted = query_value(asked.query, "seconds").value_or("");
        std::size_t most = history::seconds;
        auto const* const end = wanted.data() + wanted.size();
        auto const read = std::from_chars(wanted.data(), end, most);
        if (!wanted.empty() && (read.ec != std::errc{} || read.ptr != end)) {
            return io::http::error_response(
                400, fmt::format("seconds={}: expected a whole number", wanted));
        }
        return json_response(history_.json(most) + "\n");
    });
    server.route("/api/v1/settings",
                 [this](request const&) { return json_response(settings_json(set_)); });
    server.route("/api/v1/paths", [](request const&) { return json_response(paths_json()); });
    server.route("/api/v1/about", [this](request const&) {
        return json_response(fmt::format(
            "{{\"version\":\"{}\",\"mode\":\"run\",\"read_only\":{},\"kafka\":{},\"masked\":{}}}\n",
            TANDEM_VERSION, set_.read_only, set_.transport == engine::transport::kafka,
            !set_.masks.empty()));
    });
}

// One state for everything that is in it: the page never shows two that disagree.
void service::compose_sample() {
    auto const seen = board_.view(now_us());
    history_.add(seen);
    number_ = seen.number;
    auto status = engine::status_json(seen, true);
    while (status.ends_with('\n')) {
        status.pop_back();
    }
    sample_ = std::make_shared<std::string const>(fmt::format(
        "id: {0}\nevent: sample\ndata: {{\"number\":{0},\"at\":{1},\"status\":{2},\"health\":"
        "{3},\"newest\":{4}}}\n\n",
        seen.number, seen.at_us, status, health_json(health_of(seen)), history_.newest_json()));
}

io::awaitable<void> service::keep_sampling() {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    for (auto next = std::chrono::steady_clock::now();;) {
        compose_sample();
        next = std::max(next + sample_interval, std::chrono::steady_clock::now());
        timer.expires_at(next);
        co_await timer.async_wait(io::asio::use_awaitable);
    }
}

std::string service::tail_event(std::uint64_t& from, std::uint64_t& passed_over) const {
    auto const part = stats_.tail.read(from, tail_most);
    auto const passed = stats_.tail.passed_over();
    auto const not_shown = part.lost + (passed - passed_over);
    from = part.next;
    passed_over = passed;
    if (part.entries.empty() && not_shown == 0) {
        return {};
    }
    std::string text =
        fmt::format("event: changes\ndata: {{\"not_shown\":{},\"changes\":[", not_shown);
    for (auto const& each : part.entries) {
        text += (&each == &part.entries.front() ? "" : ",") + each;
    }
    return text + "]}\n\n";
}

std::string service::live_json() const {
    auto const part = stats_.tail.read(0, tail_most);
    return fmt::format("{{\"changes\":[{}],\"stream\":\"/api/v1/stream?topics=changes\"}}\n",
                       fmt::join(part.entries, ","));
}

// A client that takes its time misses samples; it never makes them wait.
io::awaitable<void> service::stream(request asked, io::http::response_stream& out) {
    auto const wanted = query_value(asked.query, "topics").value_or("stats");
    bool const samples = names(wanted, "stats");
    bool const changes = names(wanted, "changes");
    std::uint64_t from = stats_.tail.end();
    std::uint64_t passed_over = stats_.tail.passed_over();
    std::uint64_t shown = 0;
    io::asio::steady_timer timer{executor_};
    bool there = co_await out.write("retry: 2000\n\n");
    auto beat = std::chrono::steady_clock::now();
    while (there) {
        auto const now = std::chrono::steady_clock::now();
        std::string text;
        if (samples && sample_ && shown != number_) {
            shown = number_;
            text = *sample_;
        }
        if (changes) {
            stats_.tail.watch_until(now_us() + watch_us);
            text += tail_event(from, passed_over);
        }
        if (text.empty() && now - beat >= 10s) {
            text = ": still here\n\n";
        }
        if (!text.empty()) {
            beat = now;
            there = co_await out.write(std::move(text));
        }
        timer.expires_after(tail_interval);
        co_await timer.async_wait(io::asio::use_awaitable);
    }
}

} // namespace tandem::console
