#include "engine/core/unique_collision.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace tandem::engine {
namespace {

colliding_row row_at(std::int64_t us, unsigned origin = 0) {
    colliding_row made;
    made.at = pg_time{us};
    made.origin = origin;
    return made;
}

collision_outcome decided(std::int64_t incoming, bool wins_ties, std::vector<colliding_row> rows) {
    return decide_collision({pg_time{incoming}, wins_ties}, rows);
}

TEST(UniqueCollision, TheGreatestVersionWins) {
    EXPECT_EQ(decided(50, false, {row_at(49)}), collision_outcome::wins);
    EXPECT_EQ(decided(50, false, {row_at(51)}), collision_outcome::waits);
    EXPECT_EQ(decided(50, false, {}), collision_outcome::none);
}

TEST(UniqueCollision, TheRankDecidesBetweenEqualTimes) {
    EXPECT_EQ(decided(50, true, {row_at(50)}), collision_outcome::wins);
    EXPECT_EQ(decided(50, false, {row_at(50)}), collision_outcome::waits);
}

TEST(UniqueCollision, OneGreaterRowAmongSeveralIsEnough) {
    EXPECT_EQ(decided(50, false, {row_at(10), row_at(60), row_at(20)}), collision_outcome::waits);
    EXPECT_EQ(decided(50, false, {row_at(10), row_at(40), row_at(20)}), collision_outcome::wins);
}

TEST(UniqueCollision, ARowThatWasBroughtIsNotOursToDelete) {
    EXPECT_EQ(decided(50, false, {row_at(10, 3)}), collision_outcome::waits);
}

TEST(UniqueCollision, AVersionWithoutATimeIsOld) {
    EXPECT_EQ(decided(50, false, {colliding_row{}}), collision_outcome::wins);
}

} // namespace
} // namespace tandem::engine
