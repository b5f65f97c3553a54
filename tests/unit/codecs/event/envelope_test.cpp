#include "codecs/event/envelope.hpp"

#include "codecs/event/row_plan.hpp"
#include "tests/support/exact_buffer.hpp"
#include "tests/support/pgoutput_builder.hpp"

#include <gtest/gtest.h>

namespace tandem::event {
namespace {

event_source const source{"0.1.0", "chat\"1", "chat"};
constexpr pg_time committed{-946'684'799'000'000}; // 1970-01-01 00:00:01 in microseconds since 2000

pgoutput::relation_shape const& shape() {
    static pgoutput::relation_shape const made{
        oid{16'400}, "public", "item", 'd', {{"id", oid{20}, -1, true}, {"v", oid{25}, -1, false}}};
    return made;
}

relation_events events() {
    return relation_events{shape(), exact_plan(shape())};
}

pgoutput::tuple_view tuple(wire::exact_buffer const& message) {
    auto const read = pgoutput::decode(message.view());
    return std::get<pgoutput::insert>(*read).new_row;
}

constexpr std::string_view tail =
    R"(,"transaction":null,"op":"c","ts_ms":1700000000123,"ts_us":1700000000123456,"ts_ns":1700000000123456789})";

TEST(Envelope, Create) {
    wire::exact_buffer const message{wire::insert(1, {wire::text("7"), wire::text("x")})};
    arena into;
    relation_events::change made;
    made.new_row = tuple(message);
    made.position = lsn{200};
    transaction_part const transaction{source, xid{55}, committed, lsn{100}};
    auto const value =
        events().value(made, transaction, event_time{1'700'000'000'123'456'789}, into);
    ASSERT_TRUE(value);
    EXPECT_EQ(
        *value,
        R"({"before":null,"after":{"id":7,"v":"x"},"source":{"version":"0.1.0+exact","connector":"postgresql",)"
        R"("name":"chat\"1","ts_ms":1000,"snapshot":"false","db":"chat","sequence":"[\"100\",\"200\"]",)"
        R"("ts_us":1000000,"ts_ns":1000000000,"schema":"public","table":"item","txId":55,"lsn":200,"xmin":null,)"
        R"("origin":null,"origin_lsn":null})" +
            std::string{tail});
    auto const key = events().key(made.new_row, into);
    ASSERT_TRUE(key);
    EXPECT_EQ(*key, R"({"id":7})");
}

TEST(Envelope, AReplayedTransactionAndNoneBefore) {
    wire::exact_buffer const message{wire::insert(1, {wire::text("7"), wire::null()})};
    arena into;
    relation_events::change made;
    made.new_row = tuple(message);
    made.position = lsn{200};
    transaction_part const transaction{source, xid{55},      committed,
                                       lsn{},  "tandem_b\n", lsn{74'565}};
    auto const value = events().value(made, transaction, event_time{0}, into);
    ASSERT_TRUE(value);
    EXPECT_NE(value->find(R"("sequence":"[null,\"200\"]")"), std::string_view::npos) << *value;
    EXPECT_NE(value->find(R"("xmin":null,"origin":"tandem_b\n","origin_lsn":74565})"),
              std::string_view::npos)
        << *value;
}

TEST(Envelope, UpdateAndRemove) {
    wire::exact_buffer const old_row{wire::insert(1, {wire::text("7"), wire::null()})};
    wire::exact_buffer const new_row{wire::insert(1, {wire::text("8"), wire::unchanged()})};
    transaction_part const transaction{source, xid{55}, committed, lsn{100}};
    arena into;
    relation_events::change made;
    made.op = operation::update;
    made.old_row = tuple(old_row);
    made.new_row = tuple(new_row);
    auto const by_key = events().value(made, transaction, event_time{0}, into);
    ASSERT_TRUE(by_key);
    EXPECT_EQ(by_key->substr(0, 43), R"({"before":{"id":7},"after":{"id":8},"source)");
    EXPECT_NE(by_key->find(R"("op":"u")"), std::string_view::npos);
    made.old_is_key = false;
    EXPECT_EQ(events().value(made, transaction, event_time{0}, into)->substr(0, 45),
              R"({"before":{"id":7,"v":null},"after":{"id":8},)");
    made.op = operation::remove;
    made.new_row = {};
    auto const removed = events().value(made, transaction, event_time{0}, into);
    EXPECT_EQ(removed->substr(0, 41), R"({"before":{"id":7,"v":null},"after":null,)");
    EXPECT_NE(removed->find(R"("op":"d")"), std::string_view::npos);
    made.op = operation::truncate;
    made.old_row = {};
    EXPECT_EQ(events().value(made, transaction, event_time{0}, into)->substr(0, 34),
              R"({"before":null,"after":null,"sourc)");
}

TEST(Envelope, TheBlockOfItsTransaction) {
    wire::exact_buffer const message{wire::insert(1, {wire::text("7"), wire::null()})};
    transaction_part const transaction{source, xid{55}, committed, lsn{100}};
    arena into;
    relation_events::change made;
    made.new_row = tuple(message);
    made.position = lsn{200};
    made.order = {3, 2};
    auto const value = events().value(made, transaction, event_time{0}, into);
    EXPECT_NE(
        value->find(
            R"("origin_lsn":null},"transaction":{"id":"55:200","total_order":3,"data_collection_order":2},"op":"c")"),
        std::string_view::npos)
        << *value;
    EXPECT_EQ(events().collection(), "public.item");
}

TEST(Envelope, DebeziumsFormBearsNoMark) {
    event_source const other{"0.1.0", "chat", "chat", value_form::debezium};
    wire::exact_buffer const message{wire::insert(1, {wire::text("7"), wire::null()})};
    relation_events const relation{shape(), debezium_plan(shape(), {}, {})};
    arena into;
    relation_events::change made;
    made.new_row = tuple(message);
    auto const value = relation.value(made, transaction_part{other, xid{55}, committed, lsn{100}},
                                      event_time{0}, into);
    EXPECT_NE(value->find(R"("version":"0.1.0","connector")"), std::string_view::npos) << *value;
}

TEST(Envelope, AKeyInAnotherOrderThanTheRow) {
    pgoutput::relation_shape const turned{oid{16'400},
                                          "public",
                                          "item",
                                          'd',
                                          {{"id", oid{20}, -1, true},
                                           {"v", oid{25}, -1, false},
                                           {"w", oid{25}, -1, true},
                                           {"b", oid{16}, -1, true}}};
    key_columns const key{"w", "b", "id"};
    auto order = debezium_key_order(turned, {}, {}, key);
    EXPECT_EQ(order.columns, (std::vector<std::uint16_t>{2, 3, 0}));
    relation_events const relation{
        turned, debezium_plan(turned, {}, {}, key), {}, std::move(order)};
    wire::exact_buffer const message{wire::insert(
        1, {wire::text("7"), wire::text("x"), wire::text("two \"words\""), wire::null()})};
    arena into;
    EXPECT_EQ(*relation.key(tuple(message), into), R"({"w":"two \"words\"","b":null,"id":7})");
    EXPECT_TRUE(debezium_key_order(turned, {}, {}, {"id", "w", "b"}).columns.empty());
    EXPECT_TRUE(debezium_key_order(turned, {}, {}, {"w", "none"}).columns.empty());
}

TEST(EnvelopeDeathTest, AMarkThatWouldBeWrong) {
    wire::exact_buffer const message{wire::insert(1, {wire::text("7"), wire::null()})};
    relation_events const relation{shape(), debezium_plan(shape(), {}, {})};
    arena into;
    relation_events::change made;
    made.new_row = tuple(message);
    transaction_part const transaction{source, xid{55}, committed, lsn{100}};
    EXPECT_DEATH(static_cast<void>(relation.value(made, transaction, event_time{0}, into)),
                 "values");
}

TEST(Envelope, EventsLieBehindEachOther) {
    wire::exact_buffer const message{wire::insert(1, {wire::text("7"), wire::text("x")})};
    transaction_part const transaction{source, xid{55}, committed, lsn{100}};
    arena into;
    relation_events const relation = events();
    std::vector<std::string_view> all;
    all.reserve(1'000);
    relation_events::change made;
    made.new_row = tuple(message);
    for (int index = 0; index < 1'000; ++index) {
        all.push_back(*relation.value(made, transaction, event_time{0}, into));
    }
    for (std::string_view const each : all) {
        ASSERT_EQ(each, all.front());
    }
    EXPECT_LT(into.capacity(), all.size() * all.front().size() * 2);
}

TEST(Envelope, ABinaryColumnIsNamed) {
    wire::exact_buffer const message{wire::insert(1, {wire::text("7"), wire::binary("x")})};
    arena into;
    relation_events::change made;
    made.new_row = tuple(message);
    auto const value = events().value(made, transaction_part{source, xid{55}, committed, lsn{100}},
                                      event_time{0}, into);
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error(), (codec_error{codec_errc::bad_value, 1}));
}

} // namespace
} // namespace tandem::event
