#include "engine/connect/source_filters.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace tandem::connect {
namespace {

TEST(KeyChoices, AreOfTheFirstThatMatchesTheWholeName) {
    auto const of = key_choices::of(R"(public\.a:x, y;public\..*:id;(.*).b:z)").value();
    EXPECT_EQ(*of.of_table("public.a"), (std::vector<std::string>{"x", "y"}));
    EXPECT_EQ(*of.of_table("public.b"), (std::vector<std::string>{"id"}));
    EXPECT_EQ(*of.of_table("other.b"), (std::vector<std::string>{"z"}));
    EXPECT_EQ(of.of_table("other.c"), nullptr);
    EXPECT_EQ(key_choices::of("").value().of_table("public.a"), nullptr);
}

TEST(KeyChoices, WhatHasNoTableOrNoColumnIsRefused) {
    for (auto const* list : {"public.a", "public.a:", ":x", "a:x;b"}) {
        EXPECT_TRUE(key_choices::of(list).has_error()) << list;
    }
    EXPECT_EQ(
        key_choices::of("a:x;b").error().what,
        "message.key.columns: b: SCHEMA.TABLE:COLUMN,COLUMN is, and a semicolon before the next");
}

TEST(ColumnHashes, AreNamedByAlgorithmAndSalt) {
    auto const made = column_changes::of({{"column.mask.hash.SHA-256.with.salt.a.b", "s.t.one"},
                                          {"column.mask.hash.v2.MD5.with.salt.c", "s.t.two"}})
                          .value();
    EXPECT_EQ(changed_text("x", made.change_of("s.t.one")).size(), 64U);
    EXPECT_EQ(changed_text("x", made.change_of("s.t.two")), "0bdff8095c8bf1b38775bf35547a1317");
    auto shortened = made.change_of("s.t.one");
    shortened.length = 5;
    EXPECT_EQ(changed_text("x", shortened).size(), 5U);
    EXPECT_EQ(made.change_of("s.t.three").what, column_changes::text_change::kind::none);
}

TEST(ColumnHashes, OfAnotherFormAreRefused) {
    constexpr std::string_view form =
        ": column.mask.hash.ALGORITHM.with.salt.SALT is, or column.mask.hash.v2.ALGORITHM.with.salt.SALT";
    for (std::string const name : {"column.mask.hash.SHA-256", "column.mask.hash..with.salt.x",
                                   "column.mask.hash.v2.MD5.with.salt."}) {
        EXPECT_EQ(column_changes::of({{name, "s.t.c"}}).error().what, name + std::string{form});
    }
}

} // namespace
} // namespace tandem::connect
