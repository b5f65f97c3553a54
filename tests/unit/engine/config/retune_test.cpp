#include "engine/config/retune.hpp"

#include "engine/config/error.hpp"
#include "engine/config/load.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem::engine {
namespace {

options running() {
    return build({{{"node", {{"--node", "a=postgresql:///x"}, {"--node", "b=postgresql:///y"}}},
                   {"batch-rows", {{"--batch-rows", "500"}}}}});
}

std::string refused(std::string const& name, std::string const& text) {
    try {
        (void)retuned(running(), name, text);
    } catch (config_error const& wrong) {
        return wrong.what();
    }
    return {};
}

TEST(Retune, WhatIsTunableIsTakenUntilTheNextStart) {
    auto set = retuned(running(), "batch-rows", "4000");
    EXPECT_EQ(set.batch_rows, 4000U);
    ASSERT_EQ(set.told["batch-rows"].size(), 1U);
    EXPECT_EQ(set.told["batch-rows"][0].text, "4000");
    EXPECT_EQ(set.told["batch-rows"][0].where, "the console, until the next start");
    EXPECT_EQ(retuned(set, "batch-bytes", "1MiB").batch_bytes, std::size_t{1} << 20);
    EXPECT_EQ(retuned(set, "batch-delay", "20ms").batch_delay, std::chrono::milliseconds{20});
    EXPECT_EQ(retuned(set, "log-level", "debug").log_level, "debug");
}

TEST(Retune, TheRestIsReadAtTheStart) {
    EXPECT_EQ(refused("queue-bytes", "1GiB"),
              "queue-bytes is read at the start only; while the instance runs these can be set: "
              "batch-rows, batch-bytes, batch-delay, log-level");
    EXPECT_EQ(refused("bach-rows", "1"), "there is no setting 'bach-rows'");
}

TEST(Retune, ValuesAreThoseOfTheCommandLine) {
    EXPECT_THAT(refused("batch-rows", "many"), testing::StartsWith("batch-rows: "));
    EXPECT_THAT(refused("batch-rows", "0"), testing::StartsWith("batch-rows: "));
    EXPECT_THAT(refused("batch-delay", "2h"), testing::StartsWith("batch-delay: "));
    EXPECT_THAT(refused("log-level", "loud"), testing::StartsWith("log-level: "));
    EXPECT_NE(refused("batch-bytes", "200MiB"), ""); // more than the queue
}

TEST(Retune, WhetherTransactionsStayByThemselvesIsDecidedAtTheStart) {
    EXPECT_EQ(refused("batch-rows", "1"),
              "batch-rows: whether each transaction stays by itself (1) is decided at the start");
}

} // namespace
} // namespace tandem::engine
