#include "engine/admin/id_stride.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace tandem::engine {
namespace {

constexpr auto bigint = std::numeric_limits<std::int64_t>::max();

counted_sequence one(std::int64_t greatest, int rank, std::int64_t increment = 1,
                     std::int64_t maximum = bigint) {
    return {increment, maximum, false, greatest, rank};
}

stride strides(std::array<counted_sequence, 2> const& of) {
    auto made = stride_for(of);
    EXPECT_TRUE(made) << made.error();
    return made ? *made : stride{};
}

TEST(IdStride, BeginsAboveWhatIsInUseAnywhereAtTheNodesPlace) {
    auto const made = strides(std::array{one(40, 0), one(100, 1)});
    EXPECT_EQ(made.increment, 16);
    EXPECT_EQ(made.starts, (std::vector<std::int64_t>{112, 113}));
    auto const fresh = strides(std::array{one(0, 0), one(-5, 1)});
    EXPECT_EQ(fresh.starts, (std::vector<std::int64_t>{16, 17}));
    auto const edge = strides(std::array{one(112, 1), one(1, 15)});
    EXPECT_EQ(edge.starts, (std::vector<std::int64_t>{129, 143}));
}

TEST(IdStride, KeepsTheStepsThatAnApplicationCountsOn) {
    auto const made = strides(std::array{one(151, 0, 50), one(1, 1, 50)});
    EXPECT_EQ(made.increment, 800);
    EXPECT_EQ(made.starts, (std::vector<std::int64_t>{800, 850}));
}

TEST(IdStride, DoesAgainWhatWasHalfDone) {
    auto const made = strides(std::array{one(112, 0, 16), one(120, 1)});
    EXPECT_EQ(made.increment, 16);
    EXPECT_EQ(made.starts, (std::vector<std::int64_t>{128, 129}));
}

TEST(IdStride, SaysHowManyNumbersAreLeft) {
    auto const made = strides(std::array{one(0, 0, 1, 32'767), one(0, 1, 1, 32'767)});
    EXPECT_EQ(made.left, (32'767 - 17) / 16 + 1);
}

TEST(IdStride, RefusesWhatCannotBe) {
    auto const why = [](counted_sequence left, counted_sequence right) {
        return stride_for(std::array{left, right}).error();
    };
    EXPECT_EQ(
        why(one(32'760, 0, 1, 32'767), one(0, 1, 1, 32'767)),
        "it has no room: 32760 is in use and 32767 its last; give its columns and it a wider type");
    EXPECT_EQ(why(one(bigint, 0), one(0, 1)).substr(0, 14), "it has no room");
    EXPECT_EQ(why(one(0, 0, bigint / 2), one(0, 1, bigint / 2)).substr(0, 14), "it has no room");
    EXPECT_EQ(why(one(0, 0, 1), one(0, 1, 5)),
              "it counts by 1 on one node and by 5 on the other; make the steps equal");
    EXPECT_EQ(why(one(0, 0, -1), one(0, 1)), "it counts down; keep its ranges apart by hand");
    auto round = one(0, 1);
    round.cycles = true;
    EXPECT_EQ(why(one(0, 0), round), "it starts over at its end; keep its ranges apart by hand");
}

} // namespace
} // namespace tandem::engine
