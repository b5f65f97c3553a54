#include "engine/core/dead_letter.hpp"

#include "engine/core/line_budget.hpp"
#include "engine/core/recent_numbers.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace tandem::engine {
namespace {

using namespace std::chrono_literals;
using headers = std::vector<std::pair<std::string, std::string>>;

TEST(DeadLetter, HasTheHeadersOfConnect) {
    dead_letter const letter{"t.a", 0, 17, "a:b", letter_cause::other_stream, "its stream is x"};
    EXPECT_EQ(error_headers(letter, {}),
              (headers{{"__connect.errors.topic", "t.a"},
                       {"__connect.errors.partition", "0"},
                       {"__connect.errors.offset", "17"},
                       {"__connect.errors.connector.name", "a:b"},
                       {"__connect.errors.task.id", "0"},
                       {"__connect.errors.stage", "TASK_PUT"},
                       {"__connect.errors.class.name", "tandem.LogReader"},
                       {"__connect.errors.exception.class.name", "tandem.OtherStream"},
                       {"__connect.errors.exception.message", "its stream is x"},
                       {"__connect.errors.exception.stacktrace",
                        "tandem.OtherStream: its stream is x\n\tat tandem.LogReader(t.a [0] offset "
                        "17)\n"}}));
}

TEST(DeadLetter, ALetterOfALetterKeepsWhatItHas) {
    std::vector<std::string_view> const names{"x", "__connect.errors.topic",
                                              "__connect.errors.offset"};
    dead_letter const letter{"t.a", 0, 17, "a:b", letter_cause::bad_value, "m"};
    auto const made = error_headers(letter, names);
    EXPECT_EQ(made.size(), 8U);
    EXPECT_EQ(made.front().first, "__connect.errors.partition");
    EXPECT_EQ(made[1].first, "__connect.errors.connector.name");
}

TEST(DeadLetter, EachCauseHasItsNameAndStage) {
    struct {
        letter_cause cause;
        char const* stage;
        char const* exception;
    } const cases[] = {
        {letter_cause::bad_headers, "HEADER_CONVERTER", "tandem.BadHeaders"},
        {letter_cause::other_stream, "TASK_PUT", "tandem.OtherStream"},
        {letter_cause::unannounced, "TASK_PUT", "tandem.UnannouncedWriter"},
        {letter_cause::bad_note, "HEADER_CONVERTER", "tandem.BadNote"},
        {letter_cause::bad_value, "VALUE_CONVERTER", "tandem.BadValue"},
    };
    for (auto const& each : cases) {
        auto const made = error_headers({"t", 0, 1, "a:b", each.cause, "m"}, {});
        EXPECT_EQ(made[5].second, each.stage);
        EXPECT_EQ(made[7].second, each.exception);
    }
}

TEST(RecentNumbers, TheLastOnesAreKnown) {
    recent_numbers known{3};
    for (std::uint64_t const each : {1U, 2U, 3U}) {
        EXPECT_TRUE(known.add(each));
        EXPECT_FALSE(known.add(each));
    }
    EXPECT_FALSE(known.add(1)) << "again: it stays the oldest";
    EXPECT_TRUE(known.add(4));
    EXPECT_FALSE(known.add(2));
    EXPECT_FALSE(known.add(3));
    EXPECT_TRUE(known.add(1)) << "forgotten";
    EXPECT_TRUE(known.add(2)) << "forgotten with it";
}

TEST(LineBudget, SoManyLinesAndThenTheirNumber) {
    line_budget budget{2, 10s};
    auto const start = std::chrono::steady_clock::time_point{} + 1h;
    EXPECT_TRUE(budget.spend(start));
    EXPECT_TRUE(budget.spend(start + 1s));
    EXPECT_EQ(budget.due(start + 20s), 0U) << "none was left out";
    EXPECT_FALSE(budget.spend(start + 2s));
    EXPECT_FALSE(budget.spend(start + 9s));
    EXPECT_EQ(budget.due(start + 9999ms), 0U) << "not yet";
    EXPECT_FALSE(budget.spend(start + 11s)) << "what was left out is told first";
    EXPECT_EQ(budget.due(start + 11s), 3U);
    EXPECT_EQ(budget.due(start + 30s), 0U);
    EXPECT_TRUE(budget.spend(start + 12s));
    EXPECT_TRUE(budget.spend(start + 13s));
    EXPECT_FALSE(budget.spend(start + 14s));
    EXPECT_EQ(budget.due(start + 21s), 1U);
}

TEST(LineBudget, APeriodWithoutHasteBeginsAnew) {
    line_budget budget{1, 10s};
    auto const start = std::chrono::steady_clock::time_point{} + 1h;
    EXPECT_TRUE(budget.spend(start));
    EXPECT_TRUE(budget.spend(start + 10s));
    EXPECT_FALSE(budget.spend(start + 19s));
}

} // namespace
} // namespace tandem::engine
