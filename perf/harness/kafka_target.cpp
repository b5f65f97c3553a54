#include "perf/harness/kafka_target.hpp"

#include "perf/harness/clock.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <signal.h>
#include <stdexcept>
#include <utility>

namespace tandem::perf {

namespace {

constexpr double set_up_seconds = 300; // jars may have to be fetched
constexpr double answer_seconds = 120;

} // namespace

kafka_target::kafka_target(target_wanted wanted, masters& servers)
    : wanted_(std::move(wanted)), servers_(servers) {}

std::string kafka_target::ask(std::string const& what, double seconds) {
    peer_.write(what + "\n");
    auto const answer = nlohmann::json::parse(peer_.read_line(seconds));
    if (answer.contains("failed")) {
        throw std::runtime_error(
            fmt::format("{}: {}", wanted_.name, answer.at("failed").get<std::string>()));
    }
    return answer.dump();
}

void kafka_target::set_up() {
    bool const debezium = wanted_.name.starts_with("debezium-");
    std::string brokers = wanted_.brokers;
    if (brokers.empty()) {
        peer_ = child({"/usr/bin/python3", "-B", TANDEM_PERF_FILES "/harness/kafka_peer.py"},
                      {{}, wanted_.folder / (wanted_.name + "-peer.log"), true});
        nlohmann::json const order{{"way", debezium ? wanted_.name.substr(9) : ""},
                                   {"a", servers_.tcp_uri(node_a, wanted_.database)},
                                   {"b", servers_.tcp_uri(node_b, wanted_.database)}};
        auto const answer = nlohmann::json::parse(ask(order.dump(), set_up_seconds));
        brokers = answer.at("bootstrap");
        beside_ = answer.at("parts").get<parts>();
    } else if (debezium) {
        throw wrong_usage("--brokers: Debezium is set up beside a broker of its own");
    }
    if (!debezium) {
        ours_ = std::make_unique<tandem_target>(
            wanted_, servers_,
            std::vector<std::string>{"--transport", "kafka", "--brokers", brokers});
        ours_->set_up();
    }
}

void kafka_target::start() {
    if (ours_) {
        ours_->start();
    } else {
        ask(R"({"do": "start"})", answer_seconds);
    }
}

void kafka_target::stop() {
    if (ours_) {
        ours_->stop();
    } else {
        ask(R"({"do": "stop"})", answer_seconds);
    }
}

void kafka_target::tear_down() {
    if (ours_) {
        ours_->tear_down();
    }
    peer_.stop(SIGTERM, answer_seconds);
}

parts kafka_target::processes() {
    parts all = beside_;
    if (ours_) {
        all.merge(ours_->processes());
    }
    return all;
}

told kafka_target::figures() {
    return ours_ ? ours_->figures() : told{};
}

void kafka_target::crash() {
    if (!ours_) {
        target::crash();
    }
    ours_->crash();
}

} // namespace tandem::perf
