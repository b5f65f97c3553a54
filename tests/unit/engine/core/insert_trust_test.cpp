#include "engine/core/insert_trust.hpp"

#include <gtest/gtest.h>

namespace tandem::engine {
namespace {

int upserts_until_plain(insert_trust& trust, char const* table) {
    int count = 0;
    while (!trust.plain(table)) {
        ++count;
    }
    return count;
}

TEST(InsertTrust, StartsPlain) {
    insert_trust trust;
    EXPECT_TRUE(trust.plain("public.a"));
}

TEST(InsertTrust, EachCollisionCostsMoreUpToALimit) {
    insert_trust trust;
    int last = 0;
    for (int const expected : {16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 4096}) {
        trust.collided("public.a");
        last = upserts_until_plain(trust, "public.a");
        EXPECT_EQ(last, expected);
    }
}

TEST(InsertTrust, TablesAreJudgedByThemselves) {
    insert_trust trust;
    trust.collided("public.a");
    EXPECT_TRUE(trust.plain("public.b"));
    EXPECT_FALSE(trust.plain("public.a"));
}

TEST(InsertTrust, ForgivesAfterManyPlainBatches) {
    insert_trust trust;
    trust.collided("public.a");
    trust.collided("public.a");
    EXPECT_EQ(upserts_until_plain(trust, "public.a"), 32);
    for (int batch = 0; batch < 1024; ++batch) {
        ASSERT_TRUE(trust.plain("public.a"));
    }
    trust.collided("public.a");
    EXPECT_EQ(upserts_until_plain(trust, "public.a"), 16);
}

} // namespace
} // namespace tandem::engine
