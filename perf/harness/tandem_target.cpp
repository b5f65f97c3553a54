#include "perf/harness/tandem_target.hpp"

#include "perf/harness/clock.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <signal.h>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace tandem::perf {

namespace {

constexpr auto slots_like = "tandem\\_%";
constexpr double stop_seconds = 30;

} // namespace

std::vector<std::string> split_words(std::string const& line) {
    std::istringstream text(line);
    std::vector<std::string> found;
    for (std::string word; text >> word;) {
        found.push_back(word);
    }
    return found;
}

tandem_target::tandem_target(target_wanted wanted, masters& servers, std::vector<std::string> more)
    : wanted_(std::move(wanted)),
      servers_(servers),
      more_(std::move(more)),
      address_(fmt::format("127.0.0.1:{}", free_port())) {
    if (!std::filesystem::exists(wanted_.binary)) {
        throw missing_environment(fmt::format("no tandem at {}: build it, or name it with --binary",
                                              wanted_.binary.string()));
    }
}

std::vector<std::string> tandem_target::words(std::string const& command) const {
    std::vector<std::string> all{wanted_.binary, command,
                                 "--node",       "a=" + servers_.uri(node_a, wanted_.database),
                                 "--node",       "b=" + servers_.uri(node_b, wanted_.database)};
    // One pattern for many tables, so that the command line stays short.
    all.insert(all.end(), {"--tables", wanted_.tables.size() == 1 ? "public." + wanted_.tables[0]
                                                                  : "public.*"});
    if (wanted_.a_to_b != wanted_.b_to_a) {
        all.insert(all.end(), {"--one-way", wanted_.a_to_b ? "a:b" : "b:a"});
    }
    return all;
}

void tandem_target::set_up() {
    run_program(words("init"));
}

void tandem_target::start() {
    auto all = words("run");
    auto const flags = split_words(wanted_.flags);
    all.insert(all.end(), more_.begin(), more_.end());
    all.insert(all.end(),
               {"--listen", address_, "--peer-sync-commit", wanted_.durable ? "on" : "off"});
    all.insert(all.end(), flags.begin(), flags.end());
    process_ = child(all, {{}, wanted_.folder / (wanted_.name + ".log"), false});
}

void tandem_target::stop() {
    if (!process_.running()) {
        throw std::runtime_error(fmt::format("tandem ended with {}: see {}", process_.status(),
                                             (wanted_.folder / (wanted_.name + ".log")).string()));
    }
    wait_confirmed(servers_, wanted_.database, slots_like);
    if (int const status = process_.stop(SIGTERM, stop_seconds); status != 0) {
        throw std::runtime_error(fmt::format("tandem ended with {} after SIGTERM", status));
    }
}

void tandem_target::tear_down() {
    process_.kill();
    auto all = words("destroy");
    all.emplace_back("-y");
    run_program(all);
}

parts tandem_target::processes() {
    return process_.running() ? parts{{"tandem", {process_.pid()}}} : parts{};
}

void tandem_target::crash() {
    process_.kill();
    start();
}

told tandem_target::figures() {
    auto const said = nlohmann::json::parse(
        run_program({wanted_.binary, "status", "--json", "--url", "http://" + address_}));
    told found;
    double captured = 0;
    double applied = 0;
    double echoes = 0;
    double conflicts = 0;
    for (auto const& [name, each] : said.at("directions").items()) {
        captured += each.at("captured").get<double>();
        applied += each.at("applied").get<double>();
        echoes += each.at("echoes_stopped").get<double>();
        conflicts += each.at("conflicts").get<double>();
    }
    return {captured, applied, echoes, conflicts};
}

} // namespace tandem::perf
