// What decode() makes of well-formed messages. decode_hostile_test.cpp has the others.
#include "codecs/pgoutput/message.hpp"
#include "tests/support/exact_buffer.hpp"
#include "tests/support/pgoutput_builder.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace tandem::pgoutput {
namespace {

using wire::columns_of;
using wire::exact_buffer;

// Fails the test and yields a default when the bytes are no such message.
template <class Message>
Message decoded_as(exact_buffer const& buffer) {
    auto const decoded = decode(buffer.view());
    if (!decoded.has_value() || !std::holds_alternative<Message>(*decoded)) {
        ADD_FAILURE() << "not the expected message: "
                      << (decoded.has_value() ? "another kind" : decoded.error().message());
        return {};
    }
    return std::get<Message>(*decoded);
}

TEST(PgoutputDecode, Begin) {
    exact_buffer const buffer{wire::begin(0x16'B374'D848, -7, 4'000'000'000)};
    auto const read = decoded_as<begin>(buffer);
    EXPECT_EQ(read.final_lsn, lsn{0x16'B374'D848});
    EXPECT_EQ(read.commit_time, pg_time{-7});
    EXPECT_EQ(read.transaction, xid{4'000'000'000});
}

TEST(PgoutputDecode, Commit) {
    exact_buffer const buffer{wire::commit(0x10, 0x20, std::numeric_limits<std::int64_t>::max())};
    auto const read = decoded_as<commit>(buffer);
    EXPECT_EQ(read.commit_lsn, lsn{0x10});
    EXPECT_EQ(read.end_lsn, lsn{0x20});
    EXPECT_EQ(read.commit_time, pg_time{std::numeric_limits<std::int64_t>::max()});
}

TEST(PgoutputDecode, Origin) {
    exact_buffer const buffer{wire::origin(0xABCD, "tandem_a_0")};
    auto const read = decoded_as<origin>(buffer);
    EXPECT_EQ(read.origin_lsn, lsn{0xABCD});
    EXPECT_EQ(read.name, "tandem_a_0");
}

TEST(PgoutputDecode, Type) {
    exact_buffer const buffer{wire::type(16'390, "public", "mood")};
    auto const read = decoded_as<type>(buffer);
    EXPECT_EQ(read.id, oid{16'390});
    EXPECT_EQ(read.schema, "public");
    EXPECT_EQ(read.name, "mood");
}

TEST(PgoutputDecode, Relation) {
    exact_buffer const buffer{
        wire::relation(16'400, "public", "会話", 'i',
                       {{"id", 20, true}, {"", 25}, {"price", 1700, false, 655'366}})};
    auto const read = decoded_as<relation>(buffer);
    EXPECT_EQ(read.id, oid{16'400});
    EXPECT_EQ(read.schema, "public");
    EXPECT_EQ(read.name, "会話");
    EXPECT_EQ(read.replica_identity, 'i');
    ASSERT_EQ(read.column_count, 3);

    relation::column_cursor cursor{read};
    relation_column_view const id = cursor.next();
    EXPECT_TRUE(id.key);
    EXPECT_EQ(id.name, "id");
    EXPECT_EQ(id.type, oid{20});
    EXPECT_EQ(id.type_modifier, -1);
    EXPECT_EQ(cursor.next().name, "");
    relation_column_view const price = cursor.next();
    EXPECT_FALSE(price.key);
    EXPECT_EQ(price.name, "price");
    EXPECT_EQ(price.type, oid{1700});
    EXPECT_EQ(price.type_modifier, 655'366);
    EXPECT_EQ(read.columns.data() + read.columns.size(),
              buffer.view().data() + buffer.view().size());
}

TEST(PgoutputDecode, RelationWithEveryIdentityAndNoColumns) {
    for (char const identity : {'d', 'n', 'f', 'i'}) {
        exact_buffer const buffer{wire::relation(1, "", "t", identity, {})};
        auto const read = decoded_as<relation>(buffer);
        EXPECT_EQ(read.replica_identity, identity);
        EXPECT_EQ(read.schema, "");
        EXPECT_EQ(read.column_count, 0);
    }
}

TEST(PgoutputDecode, InsertWithEveryKindOfColumn) {
    wire::columns const row{wire::text("abc"),         wire::null(),
                            wire::unchanged(),         wire::text(""),
                            wire::binary({"\0\1", 2}), wire::text("end")};
    exact_buffer const buffer{wire::insert(16'400, row)};
    auto const read = decoded_as<insert>(buffer);
    EXPECT_EQ(read.relation_id, oid{16'400});
    EXPECT_EQ(columns_of(read.new_row), row);
}

TEST(PgoutputDecode, ColumnsAreViews) {
    exact_buffer const buffer{wire::insert(1, {wire::text("abc")})};
    auto const read = decoded_as<insert>(buffer);
    tuple_view::cursor cursor{read.new_row};
    column_view const value = cursor.next();
    EXPECT_EQ(value.kind, column_kind::text);
    EXPECT_EQ(value.bytes.data(), buffer.view().data() + buffer.view().size() - 3);
    EXPECT_EQ(read.new_row.raw().size(), 1U + 4U + 3U);
}

TEST(PgoutputDecode, RowsWithoutAndWithTheMostColumns) {
    for (std::size_t const count :
         {std::size_t{0}, std::size_t{1}, std::size_t{1600}, std::size_t{65'535}}) {
        wire::columns row(count, wire::null());
        if (count > 1) {
            row.front() = wire::text("first");
            row.back() = wire::text("last");
        }
        exact_buffer const buffer{wire::insert(1, row)};
        auto const read = decoded_as<insert>(buffer);
        EXPECT_EQ(read.new_row.column_count(), count);
        EXPECT_EQ(read.new_row.empty(), count == 0);
        EXPECT_EQ(columns_of(read.new_row), row);
    }
}

TEST(PgoutputDecode, UpdateWithoutOldRow) {
    wire::columns const row{wire::text("1"), wire::unchanged()};
    exact_buffer const buffer{wire::update(7, row)};
    auto const read = decoded_as<update>(buffer);
    EXPECT_EQ(read.relation_id, oid{7});
    EXPECT_EQ(read.old_kind, old_row_kind::none);
    EXPECT_TRUE(read.old_row.empty());
    EXPECT_EQ(columns_of(read.new_row), row);
}

TEST(PgoutputDecode, UpdateWithOldRow) {
    wire::columns const old{wire::text("1"), wire::null()};
    wire::columns const row{wire::text("2"), wire::text("new")};
    for (char const kind : {'K', 'O'}) {
        exact_buffer const buffer{wire::update(7, kind, old, row)};
        auto const read = decoded_as<update>(buffer);
        EXPECT_EQ(static_cast<char>(read.old_kind), kind);
        EXPECT_EQ(columns_of(read.old_row), old);
        EXPECT_EQ(columns_of(read.new_row), row);
    }
}

TEST(PgoutputDecode, DeleteByKeyAndWithFullRow) {
    wire::columns const old{wire::text("1"), wire::null(), wire::binary("x")};
    for (char const kind : {'K', 'O'}) {
        exact_buffer const buffer{wire::remove(7, kind, old)};
        auto const read = decoded_as<remove>(buffer);
        EXPECT_EQ(read.relation_id, oid{7});
        EXPECT_EQ(static_cast<char>(read.old_kind), kind);
        EXPECT_EQ(columns_of(read.old_row), old);
    }
}

TEST(PgoutputDecode, Truncate) {
    exact_buffer const buffer{wire::truncate({16'400, 4'000'000'000}, false, true)};
    auto const read = decoded_as<truncate>(buffer);
    ASSERT_EQ(read.relation_count, 2U);
    EXPECT_EQ(read.relation_id(0), oid{16'400});
    EXPECT_EQ(read.relation_id(1), oid{4'000'000'000});
    EXPECT_FALSE(read.cascade);
    EXPECT_TRUE(read.restart_identity);

    exact_buffer const cascading{wire::truncate({1}, true, false)};
    auto const other = decoded_as<truncate>(cascading);
    EXPECT_TRUE(other.cascade);
    EXPECT_FALSE(other.restart_identity);
}

TEST(PgoutputDecode, LogicalMessage) {
    for (bool const transactional : {false, true}) {
        exact_buffer const buffer{
            wire::logical_message(transactional, 0x99, "tandem", std::string_view{"a\0b", 3})};
        auto const read = decoded_as<logical_message>(buffer);
        EXPECT_EQ(read.transactional, transactional);
        EXPECT_EQ(read.position, lsn{0x99});
        EXPECT_EQ(read.prefix, "tandem");
        EXPECT_EQ(read.content, std::string_view("a\0b", 3));
    }
    exact_buffer const bare{wire::logical_message(false, 0, "", "")};
    EXPECT_EQ(decoded_as<logical_message>(bare).content, "");
}

} // namespace
} // namespace tandem::pgoutput
