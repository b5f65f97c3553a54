#pragma once
// The Prometheus text format 0.0.4.

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace tandem::engine {

// Writes metric families. Labels come ready: names of nodes ([a-z0-9_]) and our own words need no escaping, others go
// through quoted().
class exposition {
public:
    void family(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name,
                       type);
    }
    template <class Number>
    void sample(std::string const& labels, Number value) {
        std::string const all = labels.empty() ? "" : "{" + labels + "}";
        fmt::format_to(std::back_inserter(text_), "{}{} {}\n", name_, all, value);
    }
    // Of a family of type histogram. `scale`: one unit of ours in the metric's.
    template <std::size_t Bounds, class View>
    void buckets(std::string const& labels, View const& seen,
                 std::array<std::int64_t, Bounds> const& bounds, double scale) {
        std::uint64_t all = 0;
        for (std::size_t at = 0; at < seen.counts.size(); ++at) {
            all += seen.counts[at];
            auto const bound = at < Bounds
                                   ? fmt::format("{:g}", static_cast<double>(bounds[at]) * scale)
                                   : std::string{"+Inf"};
            fmt::format_to(std::back_inserter(text_), "{}_bucket{{{}le=\"{}\"}} {}\n", name_,
                           labels.empty() ? "" : labels + ",", bound, all);
        }
        std::string const braces = labels.empty() ? "" : "{" + labels + "}";
        fmt::format_to(std::back_inserter(text_), "{0}_sum{1} {2:g}\n{0}_count{1} {3}\n", name_,
                       braces, static_cast<double>(seen.sum) * scale, all);
    }
    // A label's value from anywhere.
    [[nodiscard]] static std::string quoted(std::string_view value) {
        std::string made = "\"";
        for (char const each : value) {
            if (each == '\n') {
                made += "\\n";
                continue;
            }
            if (each == '"' || each == '\\') {
                made += '\\';
            }
            made += each;
        }
        return made + '"';
    }
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    std::string text_;
    std::string_view name_;
};

} // namespace tandem::engine
