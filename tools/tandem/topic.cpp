// topic list, describe, tail: what is in Kafka.

#include "engine/admin/record_text.hpp"
#include "engine/admin/session.hpp"
#include "engine/admin/shown_text.hpp"
#include "engine/admin/tail_topic.hpp"
#include "engine/admin/topics.hpp"
#include "tools/tandem/command.hpp"
#include "tools/tandem/progress_line.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <string>

namespace tandem::tool {
namespace {

std::string searched(engine::tail_progress const& so_far) {
    auto const number = [](std::uint64_t of) {
        return engine::shown_count(static_cast<std::int64_t>(of));
    };
    return fmt::format("{} records {}, {} of {} read", number(so_far.shown),
                       so_far.searching ? "found" : "shown", number(so_far.read),
                       number(so_far.all));
}

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
    io::asio::io_context io{1};
    progress_line line{io, now.quiet, [&] { return searched(so_far); }};
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
    tell.progress = [] { std::fflush(stdout); }; // what is found shows while the rest is read
    engine::run_on(io, engine::tail_topic(io.get_executor(), now.set, wanted, tell, so_far));
    std::fflush(stdout);
    line.wipe();
    if (!now.quiet) {
        fmt::print(stderr, "{} in {:.1f} s\n", searched(so_far), line.seconds());
    }
    return engine::exit_status::ok;
}

} // namespace tandem::tool
