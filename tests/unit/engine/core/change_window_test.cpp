#include "engine/core/change_window.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace tandem::engine {
namespace {

using step_kind = change_window::step_kind;

// "B..C" a whole transaction with two changes, "B." one that starts here, ".C" one that ends here.
std::unique_ptr<change_batch> batch_of(std::string const& text, std::size_t bytes = 100) {
    auto made = std::make_unique<change_batch>();
    made->bytes = bytes;
    bool open = false;
    for (char const what : text) {
        if (what == 'B' || !open) {
            transaction_piece piece;
            piece.first = static_cast<std::uint32_t>(made->changes.size());
            piece.starts = what == 'B';
            made->pieces.push_back(piece);
            open = true;
        }
        if (what == '.') {
            made->changes.emplace_back();
            ++made->pieces.back().count;
        }
        if (what == 'C') {
            made->pieces.back().ends = true;
            open = false;
        }
    }
    return made;
}

std::string read_all(change_window& window) {
    std::string text;
    for (;;) {
        switch (window.next().kind) {
        case step_kind::nothing:
            return text;
        case step_kind::begin:
            text += 'B';
            break;
        case step_kind::change:
            text += '.';
            break;
        case step_kind::commit:
            text += 'C';
            break;
        }
    }
}

TEST(ChangeWindow, YieldsNothingWhenEmpty) {
    change_window window;
    EXPECT_TRUE(window.exhausted());
    EXPECT_EQ(window.next().kind, step_kind::nothing);
}

struct window_case {
    std::string name;
    std::vector<std::string> batches;
    std::string steps;
};

void PrintTo(window_case const& each, std::ostream* out) {
    *out << each.name;
}
class WindowSteps : public testing::TestWithParam<window_case> {};

TEST_P(WindowSteps, InOrder) {
    change_window window;
    for (auto const& batch : GetParam().batches) {
        window.push(batch_of(batch));
    }
    EXPECT_EQ(read_all(window), GetParam().steps);
    EXPECT_TRUE(window.exhausted());
}

INSTANTIATE_TEST_SUITE_P(
    All, WindowSteps,
    testing::Values(window_case{"one", {"B..C"}, "B..C"},
                    window_case{"several_in_a_batch", {"B.CB..CB.C"}, "B.CB..CB.C"},
                    window_case{"over_two_batches", {"B..", "..C"}, "B....C"},
                    window_case{"over_three_batches", {"B.CB.", "..", ".CB.C"}, "B.CB....CB.C"},
                    window_case{"ends_without_changes", {"B.", "C"}, "B.C"},
                    window_case{"unfinished", {"B.CB.."}, "B.CB.."}),
    [](auto const& tested) { return tested.param.name; });

TEST(ChangeWindow, GoesOnWhereItStoodWhenMoreArrives) {
    change_window window;
    window.push(batch_of("B."));
    EXPECT_EQ(read_all(window), "B.");
    window.push(batch_of(".C"));
    EXPECT_EQ(read_all(window), ".C");
}

TEST(ChangeWindow, RewindsToAnyEarlierCursor) {
    change_window window;
    window.push(batch_of("B.CB..C"));
    window.push(batch_of("B.C"));
    static_cast<void>(window.next());
    auto const inside = window.position();
    EXPECT_EQ(read_all(window), ".CB..CB.C");
    window.rewind(inside);
    EXPECT_EQ(read_all(window), ".CB..CB.C");
}

TEST(ChangeWindow, ReleasesWholeBatchesBeforeTheCursor) {
    change_window window;
    window.push(batch_of("B.C", 10));
    window.push(batch_of("B..C", 20));
    window.push(batch_of("B.C", 40));
    EXPECT_EQ(window.bytes(), 70U);
    for (int step = 0; step < 4; ++step) { // B . C of the first, B of the second
        static_cast<void>(window.next());
    }
    window.release(window.position());
    EXPECT_EQ(window.bytes(), 60U);
    EXPECT_EQ(read_all(window), "..CB.C");
    window.release(window.position());
    EXPECT_EQ(window.bytes(), 0U) << "a batch read to its end is no longer needed";
}

TEST(ChangeWindow, CountsWholeTransactionsAhead) {
    change_window window;
    window.push(batch_of("B.CB.CB."));
    EXPECT_EQ(window.commits_ahead(), 2U);
    for (int step = 0; step < 3; ++step) {
        static_cast<void>(window.next());
    }
    EXPECT_EQ(window.commits_ahead(), 1U);
    auto const start = window.position();
    static_cast<void>(read_all(window));
    EXPECT_EQ(window.commits_ahead(), 0U);
    window.rewind(start);
    EXPECT_EQ(window.commits_ahead(), 1U);
    window.push(batch_of("C"));
    EXPECT_EQ(window.commits_ahead(), 2U);
}

TEST(ChangeWindow, MeasuresAnUnfinishedTransaction) {
    change_window window;
    window.push(batch_of("B.C", 10));
    EXPECT_EQ(window.unfinished_bytes(), 0U);
    window.push(batch_of("B.", 20));
    window.push(batch_of("..", 30));
    EXPECT_EQ(window.unfinished_bytes(), 50U);
    window.push(batch_of(".C", 40));
    EXPECT_EQ(window.unfinished_bytes(), 0U);
}

TEST(ChangeWindow, FreesABatchAsSoonAsItsLastStepIsReleased) {
    change_window window;
    window.push(batch_of("B.C", 10));
    window.push(batch_of("B..C", 20));
    for (int step = 0; step < 3; ++step) {
        static_cast<void>(window.next());
    }
    auto const between = window.position();
    window.release(between);
    EXPECT_EQ(window.bytes(), 20U);
    EXPECT_EQ(read_all(window), "B..C");
    window.rewind(between);
    EXPECT_EQ(read_all(window), "B..C") << "the end of a freed batch is the start of the next";
}

TEST(ChangeWindow, FreesABatchWhoseTransactionGoesOnInTheNext) {
    change_window window;
    window.push(batch_of("B.", 10));
    static_cast<void>(window.next());
    static_cast<void>(window.next());
    window.release(window.position());
    EXPECT_EQ(window.bytes(), 0U) << "a value larger than the queue must not wait for itself";
    window.push(batch_of(".C", 20));
    EXPECT_EQ(read_all(window), ".C");
}

} // namespace
} // namespace tandem::engine
