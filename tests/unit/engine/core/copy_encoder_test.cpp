#include "engine/core/copy_encoder.hpp"

#include "tests/support/changes.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace tandem::engine {
namespace {

using namespace std::string_literals;
using wire::binary;
using wire::null;
using wire::text;
using wire::unchanged;

auto const head = "PGCOPY\n\377\r\n\0"s + wire::u32(0) + wire::u32(0);
auto const end = wire::u16(0xffff);
auto const null_size = wire::u32(0xffff'ffff);

class CopyEncoder : public testing::Test {
protected:
    void add(change const& what) { batch.add(what, plan); }
    void SetUp() override { batch.begin({xid{1}, pg_time{1'000}, lsn{1}}); }

    // Of a type whose text stays text.
    void stays_text() { plan.columns[2].type = oid{1009}; }

    table_plan plan = text_table("t", 0, 3, 1);
    change_maker make;
    batch_builder batch;
};

TEST_F(CopyEncoder, WritesTheFormOfTheManual) {
    add(make.insert(plan, {binary("1"), binary("abc"), null()}));
    add(make.insert(plan, {binary("2"), binary(""), binary("xy")}));
    ASSERT_EQ(copyable(batch), &plan);
    std::string data =
        "left over from the batch before, which was longer than what comes now, by far";
    ASSERT_EQ(encode_copy(batch, true, data), copy_format::binary);
    auto const first =
        wire::u16(3) + wire::u32(1) + "1" + wire::u32(3) + "abc" + wire::u32(0xffff'ffff);
    auto const second = wire::u16(3) + wire::u32(1) + "2" + wire::u32(0) + wire::u32(2) + "xy";
    EXPECT_EQ(data, head + first + second + end);
}

TEST_F(CopyEncoder, LeavesOutWhatTheTargetComputes) {
    plan.columns[1].skip = true;
    add(make.insert(plan, {binary("1"), binary("computed"), binary("z")}));
    std::string data;
    ASSERT_EQ(encode_copy(batch, true, data), copy_format::binary);
    EXPECT_EQ(data, head + wire::u16(2) + wire::u32(1) + "1" + wire::u32(1) + "z" + end);
}

TEST_F(CopyEncoder, RefusesAValueThatCameAsText) {
    add(make.insert(plan, {binary("1"), text("abc"), null()}));
    std::string data;
    EXPECT_EQ(encode_copy(batch, true, data), std::nullopt);
}

TEST_F(CopyEncoder, RefusesAValueThatCameInBinaryInATextStream) {
    add(make.insert(plan, {text("1"), binary("abc"), null()}));
    std::string data;
    EXPECT_EQ(encode_copy(batch, false, data), std::nullopt);
}

TEST_F(CopyEncoder, WritesTextWithWhatEndsColumnsAndRowsEscaped) {
    stays_text();
    add(make.insert(plan, {text(""), null(), text("\\N")}));
    add(make.insert(plan, {text("1"), text("\t\n\r\\"), text("\\.")}));
    add(make.insert(
        plan, {text("2"), text("a word of plain text, then\ta tab"), text("\x01\b\f\v\x7f")}));
    add(make.insert(plan, {text("3"), text("K\xc3\xb6ln an der\\am Rhein"), text("12345678")}));
    ASSERT_EQ(copyable(batch), &plan);
    std::string data;
    ASSERT_EQ(encode_copy(batch, false, data), copy_format::text);
    EXPECT_EQ(data, "\t\\N\t\\\\N\n"
                    "1\t\\t\\n\\r\\\\\t\\\\.\n"
                    "2\ta word of plain text, then\\ta tab\t\x01\b\f\v\x7f\n"
                    "3\tK\xc3\xb6ln an der\\\\am Rhein\t12345678\n");
}

TEST_F(CopyEncoder, HasRoomForTextThatIsAllEscaped) {
    stays_text();
    add(make.insert(plan, {text("1"), text(std::string(1000, '\\')), text(std::string(17, '\n'))}));
    add(make.insert(plan, {null(), null(), null()}));
    std::string data;
    ASSERT_EQ(encode_copy(batch, false, data), copy_format::text);
    std::string lines;
    for (int at = 0; at < 17; ++at) {
        lines += "\\n";
    }
    EXPECT_EQ(data, "1\t" + std::string(2000, '\\') + "\t" + lines + "\n" + "\\N\t\\N\t\\N\n");
}

TEST_F(CopyEncoder, LeavesOutOfTextWhatTheTargetComputes) {
    plan.columns[0].type = oid{1009};
    plan.columns[2].skip = true;
    add(make.insert(plan, {text("1"), text("a"), text("computed")}));
    std::string data;
    ASSERT_EQ(encode_copy(batch, false, data), copy_format::text);
    EXPECT_EQ(data, "1\ta\n");
}

TEST_F(CopyEncoder, WritesTextInBinaryWhereTypesAllow) {
    plan.columns[0].type = oid{23};
    plan.columns[2].type = oid{1184};
    add(make.insert(plan, {text("-2"), text("a\tb"), text("2000-01-01 00:00:01+00")}));
    add(make.insert(plan, {text("3"), text(""), null()}));
    std::string data;
    ASSERT_EQ(encode_copy(batch, false, data), copy_format::binary);
    auto const first = wire::u16(3) + wire::u32(4) + wire::u32(0xffff'fffe) + wire::u32(3) +
                       "a\tb" + wire::u32(8) + wire::u32(0) + wire::u32(1'000'000);
    auto const second = wire::u16(3) + wire::u32(4) + wire::u32(3) + wire::u32(0) + null_size;
    EXPECT_EQ(data, head + first + second + end);
}

TEST_F(CopyEncoder, LeavesABatchTextWhereOneValueHasToStay) {
    plan.columns[2].type = oid{701};
    add(make.insert(plan, {text("1"), text("a"), text("1.5")}));
    add(make.insert(plan, {text("2"), text("b"), text("NaN")}));
    std::string data;
    ASSERT_EQ(encode_copy(batch, false, data), copy_format::text);
    EXPECT_EQ(data, "1\ta\t1.5\n2\tb\tNaN\n");
}

TEST_F(CopyEncoder, LeavesATableTextOfWhichOneTypeHasToStay) {
    plan.columns[1].type = oid{1009}; // text[]
    add(make.insert(plan, {text("1"), text("{a}"), null()}));
    std::string data;
    ASSERT_EQ(encode_copy(batch, false, data), copy_format::text);
    plan.columns[1].skip = true; // but not for what is not sent
    ASSERT_EQ(encode_copy(batch, false, data), copy_format::binary);
    EXPECT_EQ(data, head + wire::u16(2) + wire::u32(1) + "1" + null_size + end);
}

TEST_F(CopyEncoder, HasRoomForNumbersThatAreShortAsText) {
    for (auto& column : plan.columns) {
        column.type = oid{1700};
    }
    std::string rows;
    for (int row = 0; row < 1000; ++row) {
        add(make.insert(plan, {text(std::to_string(row)), text("0.1"), text("1")}));
        rows += wire::u16(3) + wire::u32(10) + wire::u16(1) + wire::u16(0) + wire::u32(0) +
                wire::u16(static_cast<std::uint16_t>(row));
        rows += wire::u32(12) + wire::u16(2) + wire::u16(0) + wire::u16(0) + wire::u16(1) +
                wire::u16(0) + wire::u16(1000);
        rows += wire::u32(10) + wire::u16(1) + wire::u16(0) + wire::u32(0) + wire::u16(1);
    }
    std::string data;
    ASSERT_EQ(encode_copy(batch, false, data), copy_format::binary);
    EXPECT_EQ(data, head + rows + end);
}

TEST_F(CopyEncoder, TakesTheLastStateOfARowThatWasInsertedAndUpdated) {
    add(make.insert(plan, {binary("1"), binary("old"), null()}));
    add(make.update(plan, {binary("1"), binary("new"), null()}));
    ASSERT_EQ(copyable(batch), &plan);
    std::string data;
    ASSERT_EQ(encode_copy(batch, true, data), copy_format::binary);
    EXPECT_EQ(data, head + wire::u16(3) + wire::u32(1) + "1" + wire::u32(3) + "new" +
                        wire::u32(0xffff'ffff) + end);
}

TEST_F(CopyEncoder, OnlyNewCompleteRowsOfOneTableAreCopyable) {
    EXPECT_EQ(copyable(batch), nullptr) << "nothing yet";
    add(make.insert(plan, {binary("1"), binary("a"), null()}));
    EXPECT_EQ(copyable(batch), &plan);

    batch_builder updated = batch_builder{};
    updated.begin({xid{1}, pg_time{1'000}, lsn{1}});
    updated.add(make.update(plan, {binary("1"), binary("a"), null()}), plan);
    EXPECT_EQ(copyable(updated), nullptr) << "an update";

    batch_builder folded;
    folded.begin({xid{1}, pg_time{1'000}, lsn{1}});
    folded.add(make.insert(plan, {binary("1"), binary("a"), null()}), plan);
    folded.add(make.update(plan, {binary("1"), unchanged(), binary("b")}), plan);
    EXPECT_EQ(copyable(folded), nullptr) << "a column stands in an older version";

    batch_builder two;
    two.begin({xid{1}, pg_time{1'000}, lsn{1}});
    auto const other = text_table("u", 1, 3, 1);
    two.add(make.insert(plan, {binary("1"), binary("a"), null()}), plan);
    two.add(make.insert(other, {binary("1"), binary("a"), null()}), other);
    EXPECT_EQ(copyable(two), nullptr) << "two tables";

    batch_builder gone;
    gone.begin({xid{1}, pg_time{1'000}, lsn{1}});
    gone.add(make.insert(plan, {binary("1"), binary("a"), null()}), plan);
    gone.add(make.remove(plan, {binary("2"), null(), null()}), plan);
    EXPECT_EQ(copyable(gone), nullptr) << "a delete";
}

} // namespace
} // namespace tandem::engine
