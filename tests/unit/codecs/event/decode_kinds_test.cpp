// Messages, transaction metadata and heartbeats, as Debezium 3.0.8 and we write them: each is what it is, and none
// is a row.
#include "codecs/event/decode.hpp"
#include "codecs/event/message_events.hpp"
#include "codecs/event/read_value.hpp"
#include "codecs/event/transaction_events.hpp"
#include "tests/support/padded_record.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace tandem::event {
namespace {

using wire::padded_record;
using errc = event_errc;

constexpr std::string_view debezium_message =
    R"({"op":"m","ts_ms":1795677565208,"source":{"version":"3.0.8.Final","connector":"postgresql","name":"p",)"
    R"("ts_ms":1795677564741,"snapshot":"false","db":"p0","sequence":"[\"26396888\",\"26396824\"]",)"
    R"("ts_us":1795677564741471,"ts_ns":1795677564741471000,"schema":"","table":"","txId":729,"lsn":26396824,)"
    R"("xmin":null},"transaction":{"id":"729:26396824","total_order":7,"data_collection_order":1},)"
    R"("message":{"prefix":"pre\"fix","content":"Y29uw7x0ZW50"}})";
constexpr std::string_view debezium_begin =
    R"({"status":"BEGIN","id":"729:26395920","event_count":null,"data_collections":null,"ts_ms":1795677564741})";
constexpr std::string_view debezium_end =
    R"({"status":"END","id":"729:26400200","event_count":6,"data_collections":[)"
    R"({"data_collection":"public.a","event_count":5},{"data_collection":"public.b","event_count":1}],)"
    R"("ts_ms":1795677564741})";
constexpr std::string_view debezium_heartbeat = R"({"ts_ms":1795677564648})";
constexpr std::string_view in_a_transaction =
    R"({"before":null,"after":{"id":1},"source":{"version":"3.0.8.Final","table":"a"},)"
    R"("transaction":{"id":"729:26396160","total_order":2,"data_collection_order":1},"op":"c","ts_ms":1795677565203,)"
    R"("ts_us":1795677565203103,"ts_ns":1795677565203103121})";

// Everything an event can say beside its rows: "m source=p xid=729 .."
std::string shown(event_view const& event) {
    std::string text{static_cast<char>(event.op == event_operation::none ? '-' : char(event.op))};
    text += event.has_before || event.has_after ? " row" : "";
    if (!event.transaction.id.empty()) {
        text += " in " + std::string{event.transaction.id} + " " +
                std::to_string(event.transaction.total_order) + "/" +
                std::to_string(event.transaction.collection_order);
    }
    if (event.op == event_operation::message) {
        text += " [" + std::string{event.message.prefix} + "] [" +
                std::string{event.message.content} + "]";
    }
    if (!event.boundary.id.empty() || event.boundary.time_ms != 0) {
        text +=
            " " + std::string{event.boundary.id} + " " + std::to_string(event.boundary.event_count);
        for (collection_view const& each : event.boundary.collections) {
            text += " " + std::string{each.name} + "=" + std::to_string(each.events);
        }
        text += " at " + std::to_string(event.boundary.time_ms);
    }
    return text;
}

struct reading {
    event_decoder decoder;
    field_names names;
    event_view event;
    arena strings;
    std::unique_ptr<padded_record> record; // that `event` points into

    std::string read(std::string_view text, record_form form = {}) {
        record = std::make_unique<padded_record>(text);
        auto const done = decoder.value(record->view(), form, names, event, strings);
        return done ? shown(event) : done.error().message();
    }
};

std::string with_schema(std::string_view payload) {
    return R"({"schema":{"type":"struct","fields":[]},"payload":)" + std::string{payload} + "}";
}

struct kind_case {
    char const* name;
    std::string_view text;
    char const* told;
};
void PrintTo(kind_case const& each, std::ostream* out) {
    *out << each.name;
}

class Kind : public testing::TestWithParam<kind_case> {};

TEST_P(Kind, IsTold) {
    EXPECT_EQ(reading{}.read(GetParam().text), GetParam().told);
    EXPECT_EQ(reading{}.read(with_schema(GetParam().text), {true, true}), GetParam().told);
}

INSTANTIATE_TEST_SUITE_P(
    EventDecode, Kind,
    testing::Values(
        kind_case{"message", debezium_message, "m in 729:26396824 7/1 [pre\"fix] [Y29uw7x0ZW50]"},
        kind_case{
            "message_outside",
            R"({"op":"m","source":{"txId":null},"transaction":null,"message":{"prefix":"","content":""}})",
            "m [] []"},
        kind_case{"message_of_nulls", R"({"message":{"prefix":null,"content":null},"op":"m"})",
                  "m [] []"},
        kind_case{"begin", debezium_begin, "B 729:26395920 0 at 1795677564741"},
        kind_case{"end", debezium_end, "E 729:26400200 6 public.a=5 public.b=1 at 1795677564741"},
        kind_case{"end_of_nothing",
                  R"({"ts_ms":5,"id":"1:2","data_collections":[],"event_count":0,"status":"END"})",
                  "E 1:2 0 at 5"},
        kind_case{"heartbeat", debezium_heartbeat, "H  0 at 1795677564648"},
        kind_case{"change_in_a_transaction", in_a_transaction, "c row in 729:26396160 2/1"},
        kind_case{"change_without", R"({"op":"c","after":{"ts_ms":1},"transaction":null})",
                  "c row"}),
    [](auto const& each) { return std::string{each.param.name}; });

TEST(EventKinds, OneDecoderForAllOfThem) {
    reading one;
    for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(one.read(debezium_end),
                  "E 729:26400200 6 public.a=5 public.b=1 at 1795677564741");
        EXPECT_EQ(one.read(in_a_transaction), "c row in 729:26396160 2/1");
        EXPECT_EQ(one.read(R"({"op":"d","before":{"id":1}})"), "d row");
        EXPECT_EQ(one.read(debezium_message), "m in 729:26396824 7/1 [pre\"fix] [Y29uw7x0ZW50]");
        EXPECT_EQ(one.read(debezium_heartbeat), "H  0 at 1795677564648");
    }
}

TEST(EventKinds, PlainRowsAreRows) {
    reading one;
    EXPECT_EQ(one.read(debezium_heartbeat, {false, false}), "- row");
    EXPECT_EQ(one.read(debezium_begin, {false, false}), "- row");
}

struct refused_kind {
    char const* name;
    std::string_view text;
    event_error error;
};
void PrintTo(refused_kind const& each, std::ostream* out) {
    *out << each.name;
}

class KindRefused : public testing::TestWithParam<refused_kind> {};

TEST_P(KindRefused, ByName) {
    EXPECT_EQ(reading{}.read(GetParam().text), GetParam().error.message());
}

INSTANTIATE_TEST_SUITE_P(
    EventDecode, KindRefused,
    testing::Values(
        refused_kind{"nothing", "{}", {errc::missing_field, 0}},
        refused_kind{"another_field", R"({"x":1})", {errc::missing_field, 0}},
        refused_kind{"a_time_and_more", R"({"ts_ms":1,"x":1})", {errc::missing_field, 0}},
        refused_kind{"a_row_beside_its_time", R"({"ts_ms":1,"id":"7"})", {errc::missing_field, 0}},
        refused_kind{"heartbeat_without_time", R"({"ts_ms":null})", {errc::missing_field, 0}},
        refused_kind{"begin_with_a_row",
                     R"({"status":"BEGIN","id":"1:2","ts_ms":1,"after":{"id":1}})",
                     {errc::wrong_type, 0}},
        refused_kind{"heartbeat_of_text", R"({"ts_ms":"1"})", {errc::wrong_type, 9}},
        refused_kind{
            "heartbeat_beyond", R"({"ts_ms":99999999999999999999})", {errc::bad_number, 9}},
        refused_kind{"status_unknown",
                     R"({"status":"ROLLBACK","id":"1:2","ts_ms":1})",
                     {errc::unknown_operation, 10}},
        refused_kind{"status_a_number", R"({"status":1,"id":"1:2"})", {errc::wrong_type, 10}},
        refused_kind{
            "status_null", R"({"status":null,"id":"1:2","ts_ms":1})", {errc::missing_field, 0}},
        refused_kind{
            "begin_without_id", R"({"status":"BEGIN","ts_ms":1})", {errc::missing_field, 0}},
        refused_kind{
            "begin_without_time", R"({"status":"BEGIN","id":"1:2"})", {errc::missing_field, 0}},
        refused_kind{"status_and_op",
                     R"({"status":"END","id":"1:2","ts_ms":1,"op":"c"})",
                     {errc::unknown_operation, 0}},
        refused_kind{"id_a_number", R"({"status":"END","id":1,"ts_ms":1})", {errc::wrong_type, 21}},
        refused_kind{"count_of_text",
                     R"({"status":"END","id":"1","event_count":"1"})",
                     {errc::wrong_type, 39}},
        refused_kind{"collections_an_object",
                     R"({"status":"END","id":"1","data_collections":{}})",
                     {errc::wrong_type, 44}},
        refused_kind{"collection_a_text",
                     R"({"status":"END","id":"1","data_collections":["a"]})",
                     {errc::wrong_type, 45}},
        refused_kind{"collection_count_of_text",
                     R"({"status":"END","id":"1","data_collections":[{"event_count":"1"}]})",
                     {errc::wrong_type, 60}},
        refused_kind{"message_not_there", R"({"op":"m"})", {errc::missing_field, 0}},
        refused_kind{"message_null", R"({"op":"m","message":null})", {errc::missing_field, 0}},
        refused_kind{"message_a_text", R"({"op":"m","message":"x"})", {errc::wrong_type, 20}},
        refused_kind{
            "prefix_a_number", R"({"op":"m","message":{"prefix":1}})", {errc::wrong_type, 30}},
        refused_kind{
            "content_an_object", R"({"op":"m","message":{"content":{}}})", {errc::wrong_type, 31}},
        refused_kind{"content_with_a_zero",
                     R"({"op":"m","message":{"content":"\u0000"}})",
                     {errc::zero_character, 32}},
        refused_kind{"transaction_not_quite_null",
                     R"({"op":"c","transaction":nulL})",
                     {errc::wrong_type, 24}},
        refused_kind{
            "transaction_a_text", R"({"op":"c","transaction":"1:2"})", {errc::wrong_type, 24}},
        refused_kind{"transaction_without_id",
                     R"({"op":"c","transaction":{"total_order":1}})",
                     {errc::missing_field, 0}},
        refused_kind{"total_order_of_text",
                     R"({"op":"c","transaction":{"id":"1","total_order":"1"}})",
                     {errc::wrong_type, 48}}),
    [](auto const& each) { return std::string{each.param.name}; });

TEST(EventKinds, CutAnywhereIsRefused) {
    for (std::string_view const whole :
         {debezium_message, debezium_begin, debezium_end, debezium_heartbeat}) {
        for (std::size_t size = 0; size < whole.size(); ++size) {
            event_decoder decoder;
            field_names names;
            event_view event;
            arena strings;
            padded_record const record{whole.substr(0, size)};
            auto const read = decoder.value(record.view(), {}, names, event, strings);
            ASSERT_FALSE(read) << whole.substr(0, size);
            EXPECT_LE(read.error().offset, size);
        }
    }
}

// --- the form of values

TEST(EventKinds, TheFormOfValuesIsInTheSource) {
    reading one;
    ASSERT_EQ(one.read(R"({"op":"t","source":{"version":"0.1.0+exact"}})"), "t");
    EXPECT_EQ(one.event.source.values, value_form::exact);
    EXPECT_EQ(one.event.source.version, "0.1.0");
    for (std::string_view const other : {"0.1.0", "3.0.8.Final", "", "+exactly", "exact"}) {
        std::string const text =
            R"({"op":"t","source":{"version":")" + std::string{other} + R"("}})";
        ASSERT_EQ(one.read(text), "t");
        EXPECT_EQ(one.event.source.values, value_form::debezium) << other;
        EXPECT_EQ(one.event.source.version, other);
    }
    ASSERT_EQ(one.read(R"({"op":"t"})"), "t");
    EXPECT_EQ(one.event.source.values, value_form::debezium);
}

// --- what we write

TEST(EventKinds, OurMessagesComeBack) {
    std::string const content{"\x00\xff\x10\xfb\xef", 5};
    for (binary_mode const mode : {binary_mode::bytes, binary_mode::base64,
                                   binary_mode::base64_url_safe, binary_mode::hex}) {
        for (bool const schemas : {false, true}) {
            arena into;
            record const made = message_events{mode, schemas}.of(
                {xid{}, true, lsn{200}, "pre\n", content},
                transaction_part{{"1", "p", "d"}, xid{7}, pg_time{}, lsn{100}}, {3, 2},
                event_time{0}, into);
            reading one;
            padded_record const text{*made.value};
            ASSERT_TRUE(
                one.decoder.value(text.view(), {true, schemas}, one.names, one.event, one.strings));
            EXPECT_EQ(one.event.message.prefix, "pre\n");
            EXPECT_EQ(one.event.transaction.id, "7:200");
            EXPECT_EQ(one.event.source.position, lsn{200});
            std::string bytes;
            ASSERT_TRUE(message_bytes(one.event.message.content, mode, bytes));
            EXPECT_EQ(bytes, content);
        }
    }
}

TEST(EventKinds, ContentThatIsNoneOfItsMode) {
    std::string bytes;
    EXPECT_EQ(message_bytes("0g", binary_mode::hex, bytes).error().code, errc::bad_value);
    EXPECT_EQ(message_bytes("AA=A", binary_mode::base64, bytes).error().code, errc::bad_value);
    EXPECT_TRUE(message_bytes("", binary_mode::hex, bytes));
    EXPECT_EQ(bytes, "");
}

TEST(EventKinds, OurBoundariesComeBack) {
    transaction_counter counter;
    counter.count("public.\"a");
    for (bool const schemas : {false, true}) {
        arena into;
        transaction_events const events{schemas};
        pg_time const second{-946'684'799'000'000}; // 1970-01-01 00:00:01
        reading one;
        EXPECT_EQ(one.read(*events.begin(xid{7}, lsn{8}, second, into).value, {true, schemas}),
                  "B 7:8 0 at 1000");
        EXPECT_EQ(
            one.read(*events.end(xid{7}, lsn{9}, second, counter, into).value, {true, schemas}),
            "E 7:9 1 public.\"a=1 at 1000");
    }
}

} // namespace
} // namespace tandem::event
