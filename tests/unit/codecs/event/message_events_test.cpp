// Expected records were written by Debezium 3.0.8; tests/interop/test_interop_events.py compares them live.
#include "codecs/event/message_events.hpp"

#include <gtest/gtest.h>

namespace tandem::event {
namespace {

event_source const source{"3.0.8", "p", "d", value_form::debezium};
constexpr pg_time committed{-946'684'799'000'000}; // 1970-01-01 00:00:01
event_time const now{1'700'000'000'123'456'789};

pgoutput::logical_message message(bool transactional, std::string_view prefix,
                                  std::string_view content) {
    return {xid{}, transactional, lsn{200}, prefix, content};
}

constexpr std::string_view source_text =
    R"("source":{"version":"3.0.8","connector":"postgresql","name":"p","ts_ms":1000,"snapshot":"false","db":"d",)";
constexpr std::string_view no_origin = R"("xmin":null,"origin":null,"origin_lsn":null})";

TEST(MessageEvents, InATransaction) {
    arena into;
    transaction_part const transaction{source, xid{55}, committed, lsn{100}};
    record const made = message_events{binary_mode::bytes}.of(message(true, "pre\"fix", "content"),
                                                              transaction, {7, 2}, now, into);
    EXPECT_EQ(made.key, R"({"prefix":"pre\"fix"})");
    EXPECT_EQ(
        made.value,
        R"({"op":"m","ts_ms":1700000000123,)" + std::string{source_text} +
            R"("sequence":"[\"100\",\"200\"]","ts_us":1000000,"ts_ns":1000000000,"schema":"","table":"",)"
            R"("txId":55,"lsn":200,)" +
            std::string{no_origin} +
            R"(,"transaction":{"id":"55:200","total_order":7,"data_collection_order":2},)"
            R"("message":{"prefix":"pre\"fix","content":"Y29udGVudA=="}})");
    EXPECT_TRUE(made.header.name.empty());
}

TEST(MessageEvents, OutsideTransactions) {
    arena into;
    message_events const events{binary_mode::bytes};
    record const made =
        events.of(message(false, "", ""), transaction_part::outside(source, committed, lsn{200}),
                  {1, 1}, now, into);
    EXPECT_EQ(made.key, R"({"prefix":""})");
    EXPECT_EQ(
        made.value,
        R"({"op":"m","ts_ms":1700000000123,)" + std::string{source_text} +
            R"("sequence":"[\"200\",\"200\"]","ts_us":1000000,"ts_ns":1000000000,"schema":"","table":"",)"
            R"("txId":null,"lsn":200,)" +
            std::string{no_origin} +
            R"(,"transaction":null,"message":{"prefix":"","content":""}})");
}

struct content_case {
    char const* name;
    binary_mode mode;
    std::string_view bytes;
    std::string_view text;
};
void PrintTo(content_case const& each, std::ostream* out) {
    *out << each.name;
}

class Content : public testing::TestWithParam<content_case> {};

TEST_P(Content, IsWritten) {
    auto const& [name, mode, bytes, text] = GetParam();
    arena into;
    record const made = message_events{mode}.of(
        message(true, "p", bytes), {source, xid{55}, committed, lsn{100}}, {}, now, into);
    std::string const expected = R"("content":")" + std::string{text} + R"("}})";
    EXPECT_EQ(made.value->substr(made.value->size() - expected.size()), expected);
}

constexpr std::string_view bytes{"\x00\xff\x10\xfb\xef", 5};
INSTANTIATE_TEST_SUITE_P(
    MessageEvents, Content,
    testing::Values(content_case{"bytes", binary_mode::bytes, bytes, "AP8Q++8="},
                    content_case{"base64", binary_mode::base64, bytes, "AP8Q++8="},
                    content_case{"base64_url_safe", binary_mode::base64_url_safe, bytes,
                                 "AP8Q--8="},
                    content_case{"hex", binary_mode::hex, bytes, "00ff10fbef"},
                    content_case{"hex_empty", binary_mode::hex, "", ""}),
    [](auto const& each) { return std::string{each.param.name}; });

TEST(MessageEvents, Schemas) {
    arena into;
    auto const with = [&into](binary_mode mode) {
        return message_events{mode, true}.of(message(true, "p", "x"),
                                             {source, xid{55}, committed, lsn{100}}, {}, now, into);
    };
    record const made = with(binary_mode::bytes);
    EXPECT_EQ(
        made.key,
        R"({"schema":{"type":"struct","fields":[{"type":"string","optional":true,"field":"prefix"}],)"
        R"("optional":false,"name":"io.debezium.connector.postgresql.MessageKey","version":1},)"
        R"("payload":{"prefix":"p"}})");
    EXPECT_NE(made.value->find(R"({"type":"bytes","optional":true,"field":"content"})"),
              std::string_view::npos);
    EXPECT_NE(
        made.value->find(
            R"("name":"io.debezium.connector.postgresql.MessageValue","version":1},"payload":{"op":"m")"),
        std::string_view::npos);
    EXPECT_EQ(made.value->substr(made.value->size() - 4), R"("}}})");
    EXPECT_NE(with(binary_mode::hex)
                  .value->find(R"({"type":"string","optional":true,"field":"content"})"),
              std::string_view::npos);
}

TEST(MessageEvents, LargeContentHasRoom) {
    std::string const large(100'000, '\x01');
    for (binary_mode const mode : {binary_mode::base64, binary_mode::hex}) {
        arena into;
        record const made = message_events{mode}.of(
            message(true, large, large), {source, xid{55}, committed, lsn{100}}, {}, now, into);
        EXPECT_GT(made.value->size(), 100'000U * 7);
    }
}

} // namespace
} // namespace tandem::event
