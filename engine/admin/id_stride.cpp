#include "engine/admin/id_stride.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace tandem::engine {

boost::system::result<stride, std::string> stride_for(std::span<counted_sequence const> of) {
    std::int64_t unit = std::numeric_limits<std::int64_t>::max();
    std::int64_t greatest = 0; // negative numbers are below every start
    for (auto const& each : of) {
        if (each.increment <= 0 || each.cycles) {
            return fmt::format("it {}; keep its ranges apart by hand",
                               each.cycles ? "starts over at its end" : "counts down");
        }
        unit = std::min(unit, each.increment);
        greatest = std::max(greatest, each.greatest);
    }
    for (auto const& each : of) {
        if (each.increment != unit && each.increment / stride_places != unit) {
            return fmt::format(
                "it counts by {} on one node and by {} on the other; make the steps equal", unit,
                each.increment);
        }
    }
    stride made;
    std::int64_t base = 0;
    bool fits = !__builtin_mul_overflow(unit, stride_places, &made.increment);
    // The next multiple, so that the place of a node says which one it is.
    fits = fits && !__builtin_mul_overflow(greatest / made.increment + 1, made.increment, &base);
    made.left = std::numeric_limits<std::int64_t>::max();
    for (auto const& each : of) {
        std::int64_t start = 0;
        fits = fits && !__builtin_add_overflow(base, unit * each.rank, &start) &&
               start <= each.maximum;
        if (!fits) {
            return fmt::format(
                "it has no room: {} is in use and {} its last; give its columns and it a "
                "wider type",
                greatest, each.maximum);
        }
        made.starts.push_back(start);
        made.left = std::min(made.left, (each.maximum - start) / made.increment + 1);
    }
    return made;
}

} // namespace tandem::engine
