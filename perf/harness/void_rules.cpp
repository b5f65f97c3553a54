// When a run says nothing of its target.

#include "perf/harness/experiment.hpp"

#include <fmt/format.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace tandem::perf {

namespace {

constexpr double least_of_anchor = 0.75;
constexpr double least_of_rate = 0.95;

} // namespace

std::vector<std::string> void_reasons(run_result const& result, run_options const& options) {
    std::vector<std::string> found;
    if (result.used.others_cores > most_others_cores) {
        found.push_back(fmt::format("other processes took {:.2f} cores", result.used.others_cores));
    }
    auto const values = values_of(result);
    std::ifstream file(TANDEM_PERF_FILES "/harness/anchors.txt");
    if (!file) {
        throw std::runtime_error(TANDEM_PERF_FILES "/harness/anchors.txt is not there");
    }
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::string target;
        std::string profile;
        std::int64_t rows = 0;
        std::string mode;
        std::string direction;
        std::string commit;
        std::string name;
        double anchor = 0;
        words >> target >> profile >> rows >> mode >> direction >> commit >> name >> anchor;
        if (!words || target != result.target || profile != result.profile || mode != result.mode ||
            rows != options.what.rows_per_transaction || direction != options.direction() ||
            commit != (options.durable ? "on" : "off")) {
            continue;
        }
        if (auto const got = values.at(name); got < least_of_anchor * anchor) {
            found.push_back(
                fmt::format("{} of {} is {:.0f}, less than {:.0f} % of its anchor {:.0f}", name,
                            target, got, least_of_anchor * 100, anchor));
        }
    }
    for (auto const& way : result.ways) {
        if (way && options.backlog == 0 && options.rate > 0 &&
            static_cast<double>(way->written.transactions) <
                least_of_rate * options.rate * options.seconds) {
            found.push_back(fmt::format("{} transactions were committed, not {:.0f}",
                                        way->written.transactions, options.rate * options.seconds));
        }
    }
    return found;
}

} // namespace tandem::perf
