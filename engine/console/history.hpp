#pragma once
// What the charts show: one sample a second over the last hour, kept in a ring of fixed size. Pure.

#include "engine/admin/status_view.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::console {

class history {
public:
    static constexpr std::size_t seconds = 3'600;

    // One a second: rates are what came since the last one.
    void add(engine::status_view const& seen);

    // {"seconds":[UNIX,...],"directions":{"a:b":{"applied":[PER SECOND,...],...}},"nodes":{"a":{"wal":[BYTES,...]}}}, the
    // oldest first, of the last `most` samples. Where nothing was known stands null.
    [[nodiscard]] std::string json(std::size_t most) const;
    // The newest sample in the same names: {"at":UNIX,"directions":{"a:b":{"applied":5,...}},"nodes":{...}}
    [[nodiscard]] std::string newest_json() const;
    [[nodiscard]] std::size_t size() const noexcept { return count_; }

    static constexpr std::array<std::string_view, 9> figures{
        "applied", "captured", "bytes", "p50", "p99", "p999", "lag", "echoes", "conflicts"};

private:
    struct counts {
        std::uint64_t applied = 0, captured = 0, bytes = 0, echoes = 0, conflicts = 0;
        engine::latency_view latency{};
        bool known = false;
    };
    // Of one direction: a column of floats for each figure.
    struct lane {
        std::string name;
        counts last;
        std::array<std::vector<float>, figures.size()> columns;
    };
    struct node {
        std::string name;
        std::vector<float> wal;
    };
    void take(lane& into, engine::direction_view const& seen, double passed);
    [[nodiscard]] std::size_t place(std::size_t nth_oldest, std::size_t shown) const noexcept;
    void append_column(std::string& to, std::vector<float> const& column, std::size_t shown) const;

    std::vector<std::int64_t> at_; // unix seconds
    std::vector<lane> lanes_;
    std::vector<node> nodes_;
    std::int64_t last_us_ = 0;
    std::size_t next_ = 0;
    std::size_t count_ = 0;
};

} // namespace tandem::console
