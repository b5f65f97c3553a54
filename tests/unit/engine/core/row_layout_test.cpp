#include "engine/core/row_layout.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tandem::engine {
namespace {

std::string topic_of(std::string schema, std::string table) {
    return table_topic("p.a", {std::move(schema), std::move(table)});
}

TEST(RowLayout, TopicsAreNamedAsDebeziumNamesThem) {
    EXPECT_EQ(topic_of("public", "chat"), "p.a.public.chat");
    EXPECT_EQ(topic_of("My-Schema", "t_1.x"), "p.a.My-Schema.t_1.x");
    EXPECT_EQ(topic_of("a b", "$%/"), "p.a.a_b.___");
    EXPECT_EQ(topic_of("public", "Größe"), "p.a.public.Gr__e");
    EXPECT_EQ(topic_of("public", "€"), "p.a.public._");
    EXPECT_EQ(topic_of("public", "🙂"), "p.a.public.__"); // two UTF-16 units
    EXPECT_EQ(topic_of("public", ""), "p.a.public.");
    EXPECT_EQ(topic_of("public", std::string(300, 'x')), "p.a.public." + std::string(238, 'x'));
}

TEST(RowLayout, TablesThatKafkaDoesNotTellApartAreFound) {
    auto const found = [](std::vector<named_table> const& tables) {
        auto const both = find_collision("p.a", tables);
        return both ? both->one.name + "|" + both->other.name + "|" + both->topic : "none";
    };
    EXPECT_EQ(found({}), "none");
    EXPECT_EQ(found({{"public", "a"}, {"public", "b"}, {"x", "a"}}), "none");
    EXPECT_EQ(found({{"public", "a b"}, {"public", "c"}, {"public", "a$b"}}),
              "a b|a$b|p.a.public.a_b");
    EXPECT_EQ(found({{"a", "b.c"}, {"a.b", "c"}}), "b.c|c|p.a.a.b.c");
    EXPECT_EQ(found({{"public", "a.b"}, {"public", "a_b"}}), "a.b|a_b|p.a.public.a.b");
    EXPECT_EQ(found({{"public", std::string(300, 'x')}, {"public", std::string(299, 'x')}}),
              std::string(300, 'x') + "|" + std::string(299, 'x') + "|p.a.public." +
                  std::string(238, 'x'));
}

TEST(RowLayout, AKeyChoosesAmongItsTablesPartitions) {
    row_layout layout;
    layout.tables.emplace(table_id("public", "chat"), row_layout::table{4, 3});
    layout.choose = [](std::string_view key, std::int32_t partitions) noexcept {
        return static_cast<std::int32_t>(key.size()) % partitions;
    };
    EXPECT_EQ(layout.find("public", "cha"), nullptr);
    EXPECT_EQ(layout.find("publicc", "hat"), nullptr);
    auto const* const chat = layout.find("public", "chat");
    ASSERT_NE(chat, nullptr);
    EXPECT_EQ(layout.partition_of(*chat, "12345"), 6U);
    EXPECT_EQ(layout.partition_of(*chat, "123456"), 4U);
    EXPECT_EQ(layout.partition_of(*chat, std::nullopt), 4U);
}

} // namespace
} // namespace tandem::engine
