#include "engine/admin/settling.hpp"

#include <gtest/gtest.h>

namespace tandem::engine {
namespace {

using verdict = settling::verdict;

row_look row(std::string hash, std::string writer) {
    return {true, std::move(hash), std::move(writer), {}, 0};
}

TEST(Settling, EqualRowsAreEqualAtTheFirstLook) {
    settling key;
    EXPECT_EQ(key.look({row("7", "100"), row("7", "200")}), verdict::equal) << "writers differ";
    EXPECT_EQ(settling{}.look({{}, {}}), verdict::equal) << "nowhere";
}

TEST(Settling, TheSameDifferenceBehindTwoFencesIsOne) {
    settling key;
    key_look const seen{row("7", "100"), row("8", "200")};
    EXPECT_EQ(key.look(seen), verdict::open);
    EXPECT_EQ(key.look(seen), verdict::open);
    EXPECT_EQ(key.look(seen), verdict::different);
    EXPECT_EQ(key.last(), seen);
}

TEST(Settling, WhatWasOnItsWayArrives) {
    settling key;
    EXPECT_EQ(key.look({row("8", "101"), row("7", "200")}), verdict::open);
    EXPECT_EQ(key.look({row("8", "101"), row("8", "201")}), verdict::equal);
}

TEST(Settling, AWriteBeginsItAnew) {
    settling key;
    key_look const first{row("7", "100"), row("8", "200")};
    key_look const second{row("7", "100"), row("9", "201")};
    EXPECT_EQ(key.look(first), verdict::open);
    EXPECT_EQ(key.look(first), verdict::open);
    EXPECT_EQ(key.look(second), verdict::open);
    EXPECT_EQ(key.look(second), verdict::open);
    EXPECT_EQ(key.look(second), verdict::different);
}

// The source has not applied the row yet; it does, and deletes it just before the second look: the delete is on its way.
TEST(Settling, ARowThatWasThereInBetweenIsNoDifference) {
    settling key;
    key_look const only_target{{}, row("8", "200")};
    EXPECT_EQ(key.look(only_target), verdict::open);
    EXPECT_EQ(key.look(only_target), verdict::open) << "came and went";
    EXPECT_EQ(key.look({{}, {}}), verdict::equal) << "the delete has arrived";
}

TEST(Settling, AWriterThatWroteTheSameIsAWriteToo) {
    settling key;
    EXPECT_EQ(key.look({row("7", "100"), row("8", "200")}), verdict::open);
    EXPECT_EQ(key.look({row("7", "100"), row("8", "200")}), verdict::open);
    EXPECT_EQ(key.look({row("7", "105"), row("8", "200")}), verdict::open);
}

} // namespace
} // namespace tandem::engine
