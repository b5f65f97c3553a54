#include "engine/core/completed_row.hpp"

#include "tests/support/changes.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::engine {
namespace {

using pgoutput::column_kind;
using values = std::vector<std::optional<std::string_view>>;

std::string shown(pgoutput::tuple_view row) {
    std::string text;
    pgoutput::tuple_view::cursor columns{row};
    for (auto left = row.column_count(); left > 0; --left) {
        auto const column = columns.next();
        text += static_cast<char>(column.kind);
        text += ':';
        text += column.bytes;
        text += ' ';
    }
    return text;
}

TEST(CompletedRow, WhatWasLeftOutStandsInItsPlace) {
    change_maker maker;
    auto const plan = text_table("t", 0, 5, 1);
    auto const sent = maker.update(plan, {wire::text("1"), wire::unchanged(), wire::null(),
                                          wire::unchanged(), wire::text("e")});
    arena held;
    auto const row =
        completed_row(sent.new_row, values{"long", std::nullopt}, column_kind::text, held);
    EXPECT_EQ(shown(row), "t:1 t:long n: n: t:e ");
}

TEST(CompletedRow, ValuesKeepTheFormOfTheStream) {
    change_maker maker;
    auto const plan = text_table("t", 0, 2, 1);
    auto const sent = maker.update(plan, {wire::text("1"), wire::unchanged()});
    arena held;
    using namespace std::string_view_literals;
    auto const row = completed_row(sent.new_row, values{"\0\1"sv}, column_kind::binary, held);
    EXPECT_EQ(shown(row), "t:1 b:\0\1 "sv);
}

TEST(CompletedRow, ARowWithAllItsColumnsIsCopied) {
    change_maker maker;
    auto const plan = text_table("t", 0, 2, 1);
    auto const sent = maker.update(plan, {wire::text("1"), wire::text("b")});
    arena held;
    auto const row = completed_row(sent.new_row, {}, column_kind::text, held);
    EXPECT_EQ(row.raw(), sent.new_row.raw());
    EXPECT_NE(row.raw().data(), sent.new_row.raw().data());
}

} // namespace
} // namespace tandem::engine
