// topic list, describe, tail: what is in Kafka.

#include "engine/admin/failure.hpp"
#include "engine/admin/record_text.hpp"
#include "engine/admin/session.hpp"
#include "engine/admin/shown_text.hpp"
#include "engine/admin/tail_topic.hpp"
#include "engine/admin/topics.hpp"
#include "tools/tandem/command.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <unistd.h>
#include <utility>

namespace tandem::tool {
namespace {

using clock = std::chrono::steady_clock;

// How far a search is: over one line of a terminal, else a line every five seconds.
class progress_line {
public:
    progress_line(engine::tail_progress const& of, bool quiet) : of_{of}, quiet_{quiet} {}

    void show() {
        auto const now = clock::now();
        if (quiet_ || now < next_) {
            return;
        }
        next_ = now + interval();
        fmt::print(stderr, "{}{}{}", terminal_ ? "\r\x1b[K" : "", text(), terminal_ ? "" : "\n");
        there_ = terminal_;
    }
    // Before other lines go to the terminal.
    void wipe() {
        if (std::exchange(there_, false)) {
            fmt::print(stderr, "\r\x1b[K");
        }
    }
    void finish() {
        wipe();
        if (!quiet_) {
            std::chrono::duration<double> const passed = clock::now() - began_;
            fmt::print(stderr, "{} in {:.1f} s\n", text(), passed.count());
        }
    }

private:
    [[nodiscard]] std::chrono::milliseconds interval() const {
        return terminal_ ? std::chrono::milliseconds{200} : std::chrono::milliseconds{5'000};
    }
    [[nodiscard]] std::string text() const {
        auto const number = [](std::uint64_t of) {
            return engine::shown_count(static_cast<std::int64_t>(of));
        };
        return fmt::format("{} records {}, {} of {} read", number(of_.shown),
                           of_.searching ? "found" : "shown", number(of_.read), number(of_.all));
    }

    engine::tail_progress const& of_;
    bool quiet_;
    bool terminal_ = isatty(STDERR_FILENO) != 0;
    bool there_ = false;
    clock::time_point began_ = clock::now();
    clock::time_point next_ = began_ + interval();
};

} // namespace

int topic_list(call const& now) {
    engine::validate_brokers(now.set);
    io::asio::io_context io{1};
    auto const topics = engine::run_on(io, engine::list_topics(io.get_executor(), now.set));
    fmt::print("{}", now.json ? engine::topics_json(topics) : engine::topics_text(topics));
    return engine::exit_status::ok;
}

int topic_describe(call const& now) {
    engine::validate_brokers(now.set);
    io::asio::io_context io{1};
    auto const topic =
        engine::run_on(io, engine::describe_topic(io.get_executor(), now.set, now.topic));
    fmt::print("{}", now.json ? engine::description_json(topic) : engine::description_text(topic));
    return engine::exit_status::ok;
}

int topic_tail(call const& now) {
    engine::validate_brokers(now.set);
    engine::tail_request wanted;
    wanted.topic = now.topic;
    wanted.from = engine::parse_topic_place(now.from);
    wanted.partition = now.partition;
    wanted.count = now.count;
    wanted.key = now.key;
    wanted.pattern = now.pattern;
    engine::tail_progress so_far;
    progress_line line{so_far, now.quiet};
    engine::tail_listener tell;
    tell.record = [&](engine::topic_record const& record) {
        line.wipe();
        fmt::print("{}",
                   now.json ? engine::record_json(record) + '\n' : engine::record_text(record));
    };
    tell.remark = [&](std::string const& text) {
        line.wipe();
        fmt::print(stderr, "{}\n", text);
    };
    tell.progress = [&] {
        std::fflush(stdout); // what is found shows while the rest is read
        line.show();
    };
    io::asio::io_context io{1};
    try {
        engine::run_on(io, engine::tail_topic(io.get_executor(), now.set, wanted, tell, so_far));
    } catch (engine::command_failed const&) {
        line.wipe();
        throw;
    }
    std::fflush(stdout);
    line.finish();
    return engine::exit_status::ok;
}

} // namespace tandem::tool
