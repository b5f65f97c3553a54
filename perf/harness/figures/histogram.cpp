#include "perf/harness/figures/histogram.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

namespace tandem::perf {

namespace {

// Values below 2048 have a place each; above, each doubling has 1024 places.
constexpr unsigned exact_bits = 11;
constexpr std::uint64_t exact = std::uint64_t{1} << exact_bits;
constexpr std::uint64_t half = exact / 2;
constexpr int steps_per_half = 5;

std::size_t place_of(std::uint64_t value) {
    if (value < exact) {
        return value;
    }
    unsigned const shift = static_cast<unsigned>(std::bit_width(value)) - exact_bits;
    return exact + (shift - 1) * half + ((value >> shift) - half);
}

// The greatest value that goes to this place.
std::uint64_t greatest_at(std::size_t place) {
    if (place < exact) {
        return place;
    }
    std::uint64_t const above = place - exact;
    std::uint64_t const shift = above / half + 1;
    return ((above % half + half + 1) << shift) - 1;
}

double milliseconds(std::uint64_t value) {
    return static_cast<double>(value) / 1000;
}

} // namespace

void histogram::record(std::uint64_t microseconds, std::uint64_t times) {
    std::size_t const place = place_of(microseconds);
    if (place >= counts_.size()) {
        counts_.resize(place + 1);
    }
    counts_[place] += times;
    count_ += times;
    max_ = std::max(max_, microseconds);
}

void histogram::add(histogram const& other) {
    if (other.counts_.size() > counts_.size()) {
        counts_.resize(other.counts_.size());
    }
    for (std::size_t place = 0; place < other.counts_.size(); ++place) {
        counts_[place] += other.counts_[place];
    }
    count_ += other.count_;
    max_ = std::max(max_, other.max_);
}

void histogram::clear() {
    *this = {};
}

double histogram::mean() const {
    double sum = 0;
    for (std::size_t place = 0; place < counts_.size(); ++place) {
        sum += static_cast<double>(counts_[place]) * static_cast<double>(greatest_at(place));
    }
    return count_ == 0 ? 0 : sum / static_cast<double>(count_);
}

double histogram::deviation() const {
    double const middle = mean();
    double sum = 0;
    for (std::size_t place = 0; place < counts_.size(); ++place) {
        double const off = static_cast<double>(greatest_at(place)) - middle;
        sum += static_cast<double>(counts_[place]) * off * off;
    }
    return count_ == 0 ? 0 : std::sqrt(sum / static_cast<double>(count_));
}

std::uint64_t histogram::quantile(double share) const {
    auto const wanted = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
    std::uint64_t seen = 0;
    for (std::size_t place = 0; place < counts_.size(); ++place) {
        seen += counts_[place];
        if (seen >= wanted) {
            return std::min(greatest_at(place), max_);
        }
    }
    return max_;
}

std::vector<std::uint32_t> histogram::octaves() const {
    std::vector<std::uint32_t> found(static_cast<std::size_t>(std::bit_width(max_)) + 1);
    for (std::size_t place = 0; place < counts_.size(); ++place) {
        if (counts_[place] != 0) {
            found.at(
                static_cast<std::size_t>(std::bit_width(std::min(greatest_at(place), max_)))) +=
                static_cast<std::uint32_t>(counts_[place]);
        }
    }
    return found;
}

std::string histogram::hgrm() const {
    std::string text = fmt::format("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile",
                                   "TotalCount", "1/(1-Percentile)");
    std::uint64_t seen = 0;
    double next = 0; // the share that is told next; the steps get finer towards the tail
    for (std::size_t place = 0; place < counts_.size() && count_ != 0; ++place) {
        if (counts_[place] == 0) {
            continue;
        }
        seen += counts_[place];
        double const share = static_cast<double>(seen) / static_cast<double>(count_);
        while (share >= next && next < 1) {
            text += fmt::format("{:12.3f} {:14.12f} {:10} {:14.2f}\n",
                                milliseconds(std::min(greatest_at(place), max_)), next, seen,
                                1 / (1 - next));
            double const halves = std::floor(std::log2(1 / (1 - next))) + 1;
            next += 1 / (steps_per_half * std::exp2(halves));
            if (seen == count_) {
                break;
            }
        }
    }
    text += fmt::format("{:12.3f} {:14.12f} {:10}\n", milliseconds(max_), 1.0, count_);
    text += fmt::format("#[Mean    = {:12.3f}, StdDeviation   = {:12.3f}]\n", mean() / 1000,
                        deviation() / 1000);
    text +=
        fmt::format("#[Max     = {:12.3f}, Total count    = {:12}]\n", milliseconds(max_), count_);
    text += fmt::format("#[Buckets = {:12}, SubBuckets     = {:12}]\n", 64 - exact_bits + 1, exact);
    return text;
}

} // namespace tandem::perf
