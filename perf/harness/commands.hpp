// The commands of tandem-perf.
#pragma once

#include "perf/harness/experiment.hpp"

#include <array>
#include <filesystem>
#include <string>
#include <vector>

namespace tandem::perf {

inline constexpr int status_ok = 0;
inline constexpr int status_failed = 1;
inline constexpr int status_usage = 2;
inline constexpr int status_environment = 3;
inline constexpr int status_short =
    4; // a check failed, a threshold or goal is missed, a regression

// What the flags of run, sweep, compare and lead say.
struct settings {
    run_options run;
    std::array<std::string, 2> given_masters;
    std::string masters = "local";
    std::string profile = "chat";
    std::string direction = "both";
    std::string peer_commit = "off";
    bool tcp = false;
    double rate = -1;                   // -1: the profile's
    std::string rate_text;              // "max" or a number
    long long rows_per_transaction = 0; // 0: the profile's
    long long keys = -1;
    int body = -1;
    std::vector<std::string> thresholds;
    std::vector<std::string> chaos;
    std::filesystem::path out; // of the files; "": below the workspace
    int repeats = 1;
    bool json = false;
    bool quick = false;
    std::vector<std::string> only;  // steps of lead
    bool void_too = false;          // void runs are compared as well
    std::vector<std::string> words; // the command line, for the record
};

// Fills what is worked out from other flags; throws wrong_usage.
void complete(settings& set);

int run_command(settings set);
int compare_command(settings set, std::string const& left, std::string const& right, int pairs,
                    std::string const& value);
int sweep_command(settings set, std::vector<double> const& rates,
                  std::vector<std::string> const& flags);
int report_command(std::vector<std::string> const& files, std::filesystem::path const& out);
int lead_command(settings set);

[[nodiscard]] masters_wanted masters_for(settings const& set,
                                         std::vector<std::string> const& targets);

} // namespace tandem::perf
