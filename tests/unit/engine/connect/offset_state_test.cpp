#include "engine/connect/offset_state.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tandem::connect {
namespace {

std::optional<lsn> found(std::string partition, std::optional<std::string> offset) {
    std::vector<connector_offset> const all{{R"({"server":"other"})", R"({"lsn":7})"},
                                            {std::move(partition), std::move(offset)}};
    return source_offset(all, "shop");
}

TEST(SourceOffset, IsWhatWasWritten) {
    auto const record = source_offset_record("mine", "shop", lsn{0x1'0000'0010}, {});
    offset_state state;
    ASSERT_TRUE(state.take(record.key, record.value));
    EXPECT_EQ(source_offset(state.of("mine"), "shop"), lsn{0x1'0000'0010});
    EXPECT_EQ(source_offset(state.of("mine"), "another"), std::nullopt);
    EXPECT_EQ(source_offset(state.of("others"), "shop"), std::nullopt);
}

TEST(SourceOffset, HasWhatIsLeftOfASnapshotBesides) {
    auto const record = source_offset_record("mine", "shop", lsn{7}, R"({"rows":1})");
    offset_state state;
    ASSERT_TRUE(state.take(record.key, record.value));
    EXPECT_EQ(source_offset(state.of("mine"), "shop"), lsn{7});
    EXPECT_EQ(source_chunks(state.of("mine"), "shop"), R"({"rows":1})");
    EXPECT_EQ(source_chunks(state.of("mine"), "another"), "");
    auto const without = source_offset_record("mine", "shop", lsn{8}, {});
    ASSERT_TRUE(state.take(without.key, without.value));
    EXPECT_EQ(source_chunks(state.of("mine"), "shop"), "");
}

TEST(SourceOffset, IsReadAsDebeziumWritesIt) {
    EXPECT_EQ(
        found(
            R"({"server":"shop"})",
            R"({"lsn_proc":22,"messageType":"INSERT","lsn_commit":21,"lsn":22,"txId":5,"ts_usec":1})"),
        lsn{22});
    EXPECT_EQ(found(R"({"server":"shop"})", R"({"lsn":18446744073709551615})"),
              lsn{18446744073709551615U});
}

TEST(SourceOffset, IsNoneWhereItIsNoPosition) {
    for (auto const* offset : {R"({"lsn":-1})", R"({"lsn":"22"})", R"({"lsn":2.5})",
                               R"({"lsn":null})", R"({"x":1})", "null", "7", "{"}) {
        EXPECT_EQ(found(R"({"server":"shop"})", offset), std::nullopt) << offset;
    }
    EXPECT_EQ(found(R"({"server":"shop"})", std::nullopt), std::nullopt);
    for (auto const* partition : {"{", "[]", "{}", R"({"server":7})"}) {
        EXPECT_EQ(found(partition, R"({"lsn":22})"), std::nullopt) << partition;
    }
}

TEST(SinkOffset, IsToldAndReadAlike) {
    auto const told = told_offset({"shop.public.\"x\"", "3", "17"});
    EXPECT_EQ(told.partition, R"({"kafka_topic":"shop.public.\"x\"","kafka_partition":3})");
    EXPECT_EQ(told.offset, R"({"kafka_offset":17})");
    EXPECT_EQ(sink_offset_problem(told), std::nullopt);
    auto const read = sink_offset_of(
        {R"({"kafka_partition":"3","kafka_topic":"t"})", R"({"kafka_offset":"17"})"});
    EXPECT_EQ(read.topic, "t");
    EXPECT_EQ(read.partition, "3");
    EXPECT_EQ(read.next, "17");
    EXPECT_EQ(sink_offset_of({told.partition, std::nullopt}).next, std::nullopt);
}

TEST(SinkOffset, IsRefusedWhereItCannotBe) {
    auto const problem = [](char const* partition, char const* offset) {
        return sink_offset_problem(
                   {fmt::format(R"({{"kafka_topic":"t","kafka_partition":{}}})", partition),
                    fmt::format(R"({{"kafka_offset":{}}})", offset)})
            .value_or("");
    };
    EXPECT_EQ(problem("0", "9223372036854775807"), "");
    EXPECT_EQ(problem("2147483647", "\"0\""), "");
    EXPECT_EQ(problem("0", "-5"), "Invalid negative offset or beyond all: -5");
    EXPECT_EQ(problem("0", "9223372036854775808"),
              "Invalid negative offset or beyond all: 9223372036854775808");
    EXPECT_EQ(problem("-1", "1"), "Invalid partition -1: it is none of a topic's");
    EXPECT_EQ(problem("\"2147483648\"", "1"),
              "Invalid partition 2147483648: it is none of a topic's");
}

} // namespace
} // namespace tandem::connect
