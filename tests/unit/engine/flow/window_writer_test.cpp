#include "engine/flow/window_writer.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace tandem::engine {
namespace {

class WindowWriter : public testing::Test {
protected:
    // A transaction of so many rows of 1 kB, of two tables in turn.
    void transaction(lsn begins, lsn ends, int rows) {
        ASSERT_FALSE(writer_.begin({begins, {}, xid{7}}));
        for (int index = 0; index < rows; ++index) {
            change made;
            made.new_row = pgoutput::tuple_view{1, row_};
            ASSERT_FALSE(writer_.row(made, shapes_[index % 2], nullptr));
        }
        ASSERT_FALSE(writer_.commit({begins, ends, {}}));
    }
    static progress_row skipping(lsn end) {
        progress_row row;
        row.skips = {end};
        return row;
    }

    boost::asio::io_context context_;
    direction_setup setup_;
    direction_stats stats_{"a", "b"};
    direction_memory memory_;
    direction_link link_{context_.get_executor(), setup_, stats_, memory_,
                         skipping(lsn{2'000}),    lsn{},  false};
    window_writer writer_{link_, resume_guard{{}, false}};
    std::string row_ = std::string(1'000, 'x');
    pgoutput::relation_ptr shapes_[2] = {std::make_shared<pgoutput::relation_shape const>(),
                                         std::make_shared<pgoutput::relation_shape const>()};
};

TEST_F(WindowWriter, ASkippedTransactionTakesItsMemoryWithIt) {
    transaction(lsn{1'000}, lsn{2'000}, 10'000);
    transaction(lsn{3'000}, lsn{4'000}, 1);
    writer_.hand_over();
    EXPECT_EQ(link_.window.commits_ahead(), 1U);
    EXPECT_LT(link_.window.bytes(), 64U << 10U);
}

TEST_F(WindowWriter, WhatStandsBeforeASkippedTransactionStays) {
    transaction(lsn{100}, lsn{200}, 2);
    transaction(lsn{1'000}, lsn{2'000}, 3);
    transaction(lsn{3'000}, lsn{4'000}, 1);
    writer_.hand_over();
    int changes = 0;
    for (auto step = link_.window.next(); step.kind != change_window::step_kind::nothing;
         step = link_.window.next()) {
        changes += step.kind == change_window::step_kind::change ? 1 : 0;
        if (step.batch != nullptr) {
            EXPECT_EQ(step.batch->changes.size(), 3U);
            EXPECT_EQ(step.batch->shapes.size(), 2U) << "tables that take turns";
        }
    }
    EXPECT_EQ(changes, 3);
    EXPECT_EQ(link_.window.position().commits, 2U);
}

TEST_F(WindowWriter, WhatIsKnownOfARowWithoutValuesIsCopied) {
    ASSERT_FALSE(writer_.begin({lsn{3'000}, {}, xid{7}}));
    {
        oversized const facts{12'000'000, 8'000'000, {true, false}};
        change made;
        made.new_row = pgoutput::tuple_view{1, row_};
        made.oversized = &facts;
        ASSERT_FALSE(writer_.row(made, shapes_[0], nullptr));
    }
    ASSERT_FALSE(writer_.commit({lsn{3'000}, lsn{4'000}, {}}));
    writer_.hand_over();
    static_cast<void>(link_.window.next());
    auto const step = link_.window.next();
    ASSERT_EQ(step.kind, change_window::step_kind::change);
    ASSERT_NE(step.what->oversized, nullptr);
    EXPECT_EQ(step.what->oversized->bytes, 12'000'000U);
    EXPECT_EQ(step.what->oversized->known, (std::vector<bool>{true, false}));
}

} // namespace
} // namespace tandem::engine
