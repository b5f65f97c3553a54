// Records of other writers as changes: which table, which kind, which columns, and what is refused.
#include "engine/core/foreign_rows.hpp"

#include "tests/support/changes.hpp"
#include "tests/support/padded_record.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>
#include <utility>

namespace tandem::engine {
namespace {

using wire::null;
using wire::text;
using wire::unchanged;

class ForeignRows : public testing::Test {
protected:
    ForeignRows() {
        table_.shape.id = oid{20'000};
        table_.shape.schema = "public";
        table_.shape.name = "chat";
        table_.shape.columns = {{"id", oid{20}, -1, true},
                                {"room", oid{23}, -1, false},
                                {"body", oid{25}, -1, false},
                                {"sent", oid{1184}, -1, false}};
        for (auto const& column : table_.shape.columns) {
            table_.types.push_back(event::resolve(column.type, column.type_modifier, types_));
        }
    }

    std::string_view kept(std::string const& record) { return kept_.emplace_back(record).view(); }
    record_result<std::optional<foreign_rows::target>> read(
        std::optional<std::string> const& key, std::optional<std::string> const& value) {
        return rows_->read(key ? std::optional{kept(*key)} : std::nullopt,
                           value ? std::optional{kept(*value)} : std::nullopt);
    }
    foreign_change change(std::optional<std::string> const& key,
                          std::optional<std::string> const& value) {
        auto const to = read(key, value);
        EXPECT_TRUE(to && *to) << (to ? "no row" : to.error().what);
        auto made = rows_->change_for(table_, bytes_);
        EXPECT_TRUE(made) << made.error().what;
        return made ? *made : foreign_change{};
    }
    std::string refusal(std::optional<std::string> const& key,
                        std::optional<std::string> const& value) {
        auto const to = read(key, value);
        if (!to) {
            return to.error().what;
        }
        EXPECT_TRUE(*to);
        auto const made = rows_->change_for(table_, bytes_);
        return made ? "none" : made.error().what;
    }
    static std::vector<std::string> names(foreign_change const& of) {
        std::vector<std::string> found;
        for (auto const& column : of.shape->columns) {
            found.push_back(column.name);
        }
        return found;
    }
    void use_rows() {
        foreign_format plain;
        plain.envelope = false;
        plain.schema = "public";
        plain.table = "chat";
        rows_.emplace(plain);
    }

    event::type_table types_;
    foreign_table table_;
    std::optional<foreign_rows> rows_{std::in_place, foreign_format{}};
    arena bytes_;
    std::deque<wire::padded_record> kept_;
};

// As Debezium writes it.
std::string envelope(std::string const& op, std::string const& before, std::string const& after) {
    return R"({"before":)" + before + R"(,"after":)" + after +
           R"(,"source":{"version":"3.0.8.Final","connector":"postgresql","name":"p","ts_ms":1700000000123,)"
           R"("snapshot":"false","db":"d","sequence":"[null,\"1\"]","ts_us":1700000000123456,)"
           R"("ts_ns":1700000000123456000,"schema":"public","table":"chat","txId":7,"lsn":9,"xmin":null},)"
           R"("transaction":null,"op":")" +
           op + R"(","ts_ms":1700000000200,"ts_us":1700000000200000,"ts_ns":1700000000200000000})";
}

constexpr auto row = R"({"id":7,"room":3,"body":"a \"b\"","sent":"2023-11-14T22:13:20.123456Z"})";

TEST_F(ForeignRows, ACreatedRowIsAnInsertOfTheTableThatItNames) {
    auto const to = read(R"({"id":7})", envelope("c", "null", row));
    ASSERT_TRUE(to && *to);
    EXPECT_EQ((*to)->schema, "public");
    EXPECT_EQ((*to)->table, "chat");
    auto const made = rows_->change_for(table_, bytes_);
    ASSERT_TRUE(made) << made.error().what;
    EXPECT_EQ(made->what.kind, change_kind::insert);
    EXPECT_EQ(made->time_us, 1'700'000'000'123'456);
    EXPECT_EQ(wire::columns_of(made->what.new_row),
              (wire::columns{text("7"), text("3"), text("a \"b\""),
                             text("2023-11-14 22:13:20.123456+00")}));
    EXPECT_EQ(made->what.shape, made->shape.get());
    EXPECT_EQ(made->shape->id, table_.shape.id);
}

TEST_F(ForeignRows, ARowOfASnapshotIsAnInsert) {
    EXPECT_EQ(change(R"({"id":7})", envelope("r", "null", row)).what.kind, change_kind::insert);
}

TEST_F(ForeignRows, AnUpdateLeavesWhatWasNotSent) {
    auto const made = change(
        R"({"id":7})",
        envelope("u", "null",
                 R"({"id":7,"room":null,"body":"__debezium_unavailable_value","sent":null})"));
    EXPECT_EQ(made.what.kind, change_kind::update);
    EXPECT_EQ(wire::columns_of(made.what.new_row),
              (wire::columns{text("7"), null(), unchanged(), null()}));
}

TEST_F(ForeignRows, AnUpdateLeavesWhatItsRowDoesNotHave) {
    auto const made = change(R"({"id":7})", envelope("u", "null", R"({"id":7,"body":"x"})"));
    EXPECT_EQ(made.what.kind, change_kind::update);
    EXPECT_EQ(wire::columns_of(made.what.new_row),
              (wire::columns{text("7"), unchanged(), text("x"), unchanged()}));
}

TEST_F(ForeignRows, AKeyThatTheRowLacksIsTheRecords) {
    use_rows();
    auto const made = change(R"({"id":7})", R"({"body":"x"})");
    EXPECT_EQ(names(made), (std::vector<std::string>{"id", "body"}));
    EXPECT_EQ(wire::columns_of(made.what.new_row), (wire::columns{text("7"), text("x")}));
    EXPECT_EQ(refusal(std::nullopt, R"({"body":"x"})"),
              "neither its key nor its row has column id of the key of table public.chat");
}

TEST_F(ForeignRows, ARowThatCannotBeMadeWholeIsRefused) {
    constexpr auto why =
        "a row of table public.chat that is to be made has values that were not sent with it: give "
        "the table REPLICA IDENTITY FULL at the source, or copy the row by hand";
    EXPECT_EQ(
        refusal(R"({"id":7})",
                envelope("c", "null",
                         R"({"id":7,"room":1,"body":"__debezium_unavailable_value","sent":null})")),
        why);
}

TEST_F(ForeignRows, APlainRowWithAnUnsentValueIsAnUpdate) {
    use_rows();
    constexpr auto unsent =
        R"({"id":7,"room":1,"body":"__debezium_unavailable_value","sent":null})";
    auto const made = change(R"({"id":7})", unsent);
    EXPECT_EQ(made.what.kind, change_kind::update);
    EXPECT_EQ(wire::columns_of(made.what.new_row),
              (wire::columns{text("7"), text("1"), unchanged(), null()}));
    auto const moved = rows_->read(kept(R"({"id":7})"), kept(unsent), true);
    ASSERT_TRUE(moved && *moved);
    EXPECT_FALSE(rows_->change_for(table_, bytes_)) << "the row under its old key was deleted";
}

TEST_F(ForeignRows, ColumnsThatRowsDoNotHaveKeepTheirDefaults) {
    auto const made = change(R"({"id":7})", envelope("c", "null", R"({"id":7,"body":"x"})"));
    EXPECT_EQ(names(made), (std::vector<std::string>{"id", "body"}));
    EXPECT_EQ(wire::columns_of(made.what.new_row), (wire::columns{text("7"), text("x")}));
    auto const again = change(R"({"id":8})", envelope("c", "null", R"({"body":"y","id":8})"));
    EXPECT_EQ(again.shape, made.shape) << "the same columns, in the table's order";
    EXPECT_EQ(wire::columns_of(again.what.new_row), (wire::columns{text("8"), text("y")}));
    auto const whole = change(R"({"id":7})", envelope("c", "null", row));
    EXPECT_EQ(names(whole).size(), 4U);
}

TEST_F(ForeignRows, ADeleteHasTheKeyOfTheRecord) {
    auto const made =
        change(R"({"id":7})",
               envelope("d", R"({"id":0,"room":0,"body":"","sent":"1970-01-01T00:00:00.000000Z"})",
                        "null"));
    EXPECT_EQ(made.what.kind, change_kind::remove);
    EXPECT_EQ(made.what.old_kind, pgoutput::old_row_kind::key);
    EXPECT_EQ(wire::columns_of(made.what.old_row),
              (wire::columns{text("7"), null(), null(), null()}));
}

TEST_F(ForeignRows, ADeleteWithoutKeyHasThatOfItsOldRow) {
    auto const made =
        change(std::nullopt, envelope("d", R"({"id":9,"room":0,"body":"","sent":null})", "null"));
    EXPECT_EQ(wire::columns_of(made.what.old_row),
              (wire::columns{text("9"), null(), null(), null()}));
}

TEST_F(ForeignRows, ABareKeyIsTheOnlyKeyColumn) {
    auto const made = change("7", envelope("d", R"({"room":0})", "null"));
    EXPECT_EQ(wire::columns_of(made.what.old_row),
              (wire::columns{text("7"), null(), null(), null()}));
}

TEST_F(ForeignRows, ATruncateEmptiesItsTable) {
    EXPECT_EQ(
        change(
            std::nullopt,
            R"({"before":null,"after":null,"source":{"version":"3.0.8.Final","connector":"postgresql","name":"p","ts_ms":1,)"
            R"("snapshot":"false","db":"d","schema":"public","table":"chat","txId":7,"lsn":9,"xmin":null},"op":"t","ts_ms":1})")
            .what.kind,
        change_kind::truncate);
}

TEST_F(ForeignRows, WhatIsNoRowIsPassedOver) {
    for (
        auto const* each :
        {R"({"ts_ms":5})",
         R"({"status":"BEGIN","id":"7:9","event_count":null,"data_collections":null,"ts_ms":5})"}) {
        auto const to = read(R"({"serverName":"p"})", each);
        EXPECT_TRUE(to && !*to) << each;
    }
    auto const tombstone = read(R"({"id":7})", std::nullopt);
    EXPECT_TRUE(tombstone && !*tombstone) << "its delete stands before it";
}

TEST_F(ForeignRows, ASchemaBlockIsReadBy) {
    std::string const head =
        R"({"schema":{"type":"struct","fields":[],"optional":false},"payload":)";
    auto const made = change(head + R"({"id":7}})", head + envelope("c", "null", row) + "}");
    EXPECT_EQ(wire::columns_of(made.what.new_row)[0], text("7"));
}

TEST_F(ForeignRows, APlainRowGoesToItsTable) {
    use_rows();
    auto const made = change(R"({"id":7})", row);
    EXPECT_EQ(made.what.kind, change_kind::insert);
    EXPECT_EQ(made.time_us, 0) << "it says nothing of the time";
    EXPECT_EQ(wire::columns_of(made.what.new_row)[0], text("7"));
}

TEST_F(ForeignRows, ATombstoneOfPlainRowsIsADelete) {
    use_rows();
    static_cast<void>(change(R"({"id":1})", row)); // which must not speak for the next one
    auto const made = change(R"({"id":7})", std::nullopt);
    EXPECT_EQ(made.what.kind, change_kind::remove);
    EXPECT_EQ(wire::columns_of(made.what.old_row)[0], text("7"));
    auto const converted = change(R"({"id":8})", "null");
    EXPECT_EQ(converted.what.kind, change_kind::remove) << "as JsonConverter may write it";
    EXPECT_EQ(wire::columns_of(converted.what.old_row)[0], text("8"));
    auto const keyless = read(std::nullopt, std::nullopt);
    EXPECT_TRUE(keyless && !*keyless);
}

TEST_F(ForeignRows, ARowThatSaysItIsDeletedIsADelete) {
    use_rows();
    auto const made =
        change(std::nullopt, R"({"id":7,"room":null,"body":null,"sent":null,"__deleted":"true"})");
    EXPECT_EQ(made.what.kind, change_kind::remove);
    EXPECT_EQ(wire::columns_of(made.what.old_row)[0], text("7"));
    auto const stays =
        change(std::nullopt,
               R"({"id":8,"room":null,"body":"x","sent":null,"__deleted":"false","__op":"c"})");
    EXPECT_EQ(stays.what.kind, change_kind::insert);
    EXPECT_EQ(names(stays).size(), 4U);
}

TEST_F(ForeignRows, WhatHasNoPlaceIsRefusedByName) {
    EXPECT_EQ(refusal(R"({"id":7})", envelope("c", "null", R"({"id":7,"more":1})")),
              "table public.chat has no column more: add it, or leave the field out at the source");
    EXPECT_EQ(refusal(std::nullopt, envelope("d", R"({"room":1})", "null")),
              "neither its key nor its row has column id of the key of table public.chat");
    auto const wrong =
        refusal(R"({"id":7})", envelope("c", "null", R"({"id":"seven","body":"x"})"));
    EXPECT_TRUE(wrong.starts_with("column id of table public.chat: ")) << wrong;
    auto const key = refusal("{", envelope("c", "null", row));
    EXPECT_TRUE(key.starts_with("its key: ")) << key;
    EXPECT_NE(refusal(std::nullopt, "{"), "none");
}

} // namespace
} // namespace tandem::engine
