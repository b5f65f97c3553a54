#include "engine/core/stream_record.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tandem::engine {
namespace {

stream_record with(std::optional<std::string_view> key, std::optional<std::string_view> value,
                   std::vector<event::record_header> headers = {}) {
    stream_record made;
    made.key = key;
    made.value = value;
    made.headers = std::move(headers);
    return made;
}

// 61 bytes of the batch, the record's length, three bytes of it, and what is counted below.
TEST(StreamRecord, TakesItsBatchWithIt) {
    EXPECT_EQ(batch_bytes(with({}, {})), 61U + 1 + 3 + 1 + 1 + 1);
    EXPECT_EQ(batch_bytes(with("", "")), 61U + 1 + 3 + 1 + 1 + 1)
        << "no byte tells empty from null";
    EXPECT_EQ(batch_bytes(with("key", "value")), 61U + 1 + 3 + 4 + 6 + 1);
    EXPECT_EQ(batch_bytes(with({}, {}, {{"name", "text"}, {"", "x"}})),
              61U + 1 + 3 + 1 + 1 + 1 + (1 + 4 + 1 + 4) + (1 + 0 + 1 + 1));
}

TEST(StreamRecord, LengthsTakeMoreBytesWhereTheyAreLonger) {
    struct {
        std::size_t size;
        std::size_t of_value; // bytes of its length
        std::size_t of_record;
    } const cases[] = {{57, 1, 1},        {58, 1, 2},        {63, 1, 2},
                       {64, 2, 2},        {8'191, 2, 3},     {8'192, 3, 3},
                       {1'048'575, 3, 4}, {1'048'576, 4, 4}, {134'217'727, 4, 5}};
    for (auto const& each : cases) {
        std::string const value(each.size, 'x');
        EXPECT_EQ(batch_bytes(with({}, value)),
                  61 + each.of_record + 3 + 1 + each.of_value + each.size + 1)
            << each.size;
    }
}

TEST(StreamRecord, TheLimitIsTheLeastOfThree) {
    EXPECT_EQ(record_limit("1048588", {}), 1'048'588U);
    EXPECT_EQ(record_limit("1048588", "1048587"), 1'048'587U);
    EXPECT_EQ(record_limit("1048588", "1048589"), 1'048'588U);
    EXPECT_EQ(record_limit("1000000000", {}), record_limit_most);
    EXPECT_EQ(record_limit(std::to_string(record_limit_most), {}), record_limit_most);
    EXPECT_EQ(record_limit(std::to_string(record_limit_least), {}), record_limit_least);
    for (auto const* refused :
         {"16383", "0", "", "-1", "1e9", "1048588 ", "99999999999999999999"}) {
        EXPECT_EQ(record_limit(refused, {}), std::nullopt) << refused;
        EXPECT_EQ(record_limit("1048588", refused), std::nullopt) << refused;
    }
}

TEST(Replicas, AreThreeWhereThereAreSoManyBrokersUpOrNot) {
    EXPECT_EQ(replicas_wanted(1, 1), 1);
    EXPECT_EQ(replicas_wanted(2, 1), 2);
    EXPECT_EQ(replicas_wanted(5, 1), 3);
    EXPECT_EQ(replicas_wanted(1, 2), 2);
    EXPECT_EQ(replicas_wanted(2, 3), 3);
    EXPECT_EQ(replicas_wanted(4, 9), 3);
}

} // namespace
} // namespace tandem::engine
