// The line each second, and what the report draws from.

#include "perf/harness/clock.hpp"
#include "perf/harness/experiment.hpp"

#include <fmt/format.h>

#include <bit>

namespace tandem::perf {

void experiment::note_second(double at) {
    auto const now = monotonic_seconds();
    second_sample sample;
    sample.at = at;
    std::string line = fmt::format("t={:4.0f}s", at);
    for (std::size_t way = 0; way < 2; ++way) {
        if (!loads_[way]) {
            continue;
        }
        auto const counts = loads_[way]->counts();
        auto const recent = watchers_[way]->take_recent();
        sample.rows_per_s[way] =
            static_cast<double>(counts.since(last_counts_[way]).rows()) / (now - last_second_);
        last_counts_[way] = counts;
        sample.p50_ms[way] = static_cast<double>(recent.quantile(0.5)) / 1000;
        sample.p99_ms[way] = static_cast<double>(recent.quantile(0.99)) / 1000;
        sample.lag_s[way] = watchers_[way]->lag_seconds();
        sample.heat[way] = recent.octaves();
        line +=
            fmt::format("  {} {:8.0f} rows/s  p50 {:.1f} p99 {:.1f} p99.9 {:.1f} ms  lag {:.2f} s",
                        way == 0 ? "a>b" : "b>a", sample.rows_per_s[way], sample.p50_ms[way],
                        sample.p99_ms[way], static_cast<double>(recent.quantile(0.999)) / 1000,
                        sample.lag_s[way]);
        if (loads_[way]->behind_seconds() > 0.1) {
            line += fmt::format("  late {:.1f} s", loads_[way]->behind_seconds());
        }
    }
    auto const used = sampler_->used();
    double cpu = 0;
    for (auto const& [part, seconds] : used.cpu_seconds) {
        cpu += seconds;
    }
    sample.cpu_cores = (cpu - last_cpu_) / (now - last_second_);
    last_cpu_ = cpu;
    for (auto const& [part, processes] : target_->processes()) {
        for (auto const process : processes) {
            sample.memory_mb += memory_mb(process, "VmRSS");
        }
    }
    line += fmt::format("  cpu {:.2f}  others {:.2f}", sample.cpu_cores, used.others_cores);
    say(line);
    result_.series.push_back(std::move(sample));
    last_second_ = now;
}

} // namespace tandem::perf
