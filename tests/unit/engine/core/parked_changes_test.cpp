#include "engine/core/parked_changes.hpp"

#include "codecs/event/stream_notes.hpp"
#include "engine/core/batch_builder.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tandem::engine {
namespace {

using values = parked_keys::key_values;

class ParkedChanges : public testing::Test {
protected:
    ParkedChanges() {
        shape.schema = "public";
        shape.name = "t";
        shape.columns = {{"id", oid{23}, -1, true},
                         {"body", oid{25}, -1, false},
                         {"n", oid{1700}, 131'078, false}};
        from.shape = std::string{event::encode_note(shape, bytes)};
    }
    // One letter for each column's kind, and its text.
    static std::string shown(pgoutput::tuple_view row) {
        std::string text;
        pgoutput::tuple_view::cursor columns{row};
        for (auto left = row.column_count(); left > 0; --left) {
            auto const column = columns.next();
            text += static_cast<char>(column.kind);
            text += std::string{column.bytes} + " ";
        }
        return text;
    }
    parked_result<restored_change> restored() { return changes.restore(from, bytes); }

    arena bytes;
    pgoutput::relation_shape shape;
    parked_values from;
    parked_changes changes;
};

TEST_F(ParkedChanges, AnInsertHasItsRow) {
    from.operation = "insert";
    from.key = values{{"id", "7"}};
    from.row = values{{"n", "1.50"}, {"id", "7"}, {"body", std::nullopt}};
    auto const made = restored();
    ASSERT_TRUE(made);
    EXPECT_EQ(made->what.kind, change_kind::insert);
    EXPECT_EQ(shown(made->what.new_row), "t7 n t1.50 ");
    EXPECT_EQ(made->what.old_kind, pgoutput::old_row_kind::none);
    EXPECT_EQ(*made->shape, shape);
    EXPECT_EQ(made->what.shape, made->shape.get());
}

TEST_F(ParkedChanges, WhatAnUpdateLeftOutIsUnchanged) {
    from.operation = "update";
    from.key = values{{"id", "7"}};
    from.row = values{{"id", "7"}, {"n", ""}};
    auto const made = restored();
    ASSERT_TRUE(made);
    EXPECT_EQ(shown(made->what.new_row), "t7 u t ");
    EXPECT_TRUE(made->what.old_row.empty());
}

TEST_F(ParkedChanges, AKeyUpdateHasItsOldKey) {
    from.operation = "update";
    from.key = values{{"id", "7"}};
    from.old_key = from.key;
    from.row = values{{"id", "8"}, {"body", "x"}, {"n", "1"}};
    auto const made = restored();
    ASSERT_TRUE(made);
    EXPECT_EQ(made->what.old_kind, pgoutput::old_row_kind::key);
    EXPECT_EQ(shown(made->what.old_row), "t7 n n ");
    EXPECT_EQ(shown(made->what.new_row), "t8 tx t1 ");
}

TEST_F(ParkedChanges, ADeleteHasItsKey) {
    from.operation = "delete";
    from.key = values{{"id", "7"}};
    auto const made = restored();
    ASSERT_TRUE(made);
    EXPECT_EQ(made->what.kind, change_kind::remove);
    EXPECT_EQ(shown(made->what.old_row), "t7 n n ");
    EXPECT_TRUE(made->what.new_row.empty());
}

TEST_F(ParkedChanges, ATruncateHasItsTableAlone) {
    from.operation = "truncate";
    auto const made = restored();
    ASSERT_TRUE(made);
    EXPECT_EQ(made->what.kind, change_kind::truncate);
    EXPECT_EQ(made->what.shape, nullptr);
    EXPECT_EQ(made->shape->name, "t");
}

TEST_F(ParkedChanges, EqualShapesAreOne) {
    from.operation = "truncate";
    auto const first = restored();
    auto const second = restored();
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->shape, second->shape);
}

TEST_F(ParkedChanges, WhatIsNotWholeIsRefused) {
    from.operation = "insert";
    from.key = values{{"id", "7"}};
    EXPECT_FALSE(restored()) << "no row";
    from.operation = "delete";
    from.key.reset();
    EXPECT_FALSE(restored()) << "no key";
    from.operation = "merge";
    from.key = values{{"id", "7"}};
    EXPECT_FALSE(restored()) << "no such operation";
}

TEST_F(ParkedChanges, AShapeThatCannotBeReadIsRefusedEveryTime) {
    from.operation = "truncate";
    for (auto const* note : {"", "{", R"({"note":"commit","xid":1,"ts_us":1})"}) {
        from.shape = note;
        EXPECT_FALSE(restored()) << note;
        EXPECT_FALSE(restored()) << note;
    }
}

} // namespace
} // namespace tandem::engine
