#include "engine/connect/task_setup.hpp"

#include <gtest/gtest.h>

namespace tandem::connect {
namespace {

std::size_t tasks_of(char const* class_name, plugin_kind kind, char const* most) {
    auto const* const of = find_plugin(class_name, kind);
    EXPECT_NE(of, nullptr) << class_name;
    return of == nullptr ? 0 : task_configs(*of, {{"tasks.max", most}}).size();
}

TEST(TaskConfigs, AreAsManyAsAskedForUpToABound) {
    constexpr char const* sink = "io.debezium.connector.jdbc.JdbcSinkConnector";
    EXPECT_EQ(tasks_of(sink, plugin_kind::sink, "1"), 1U);
    EXPECT_EQ(tasks_of(sink, plugin_kind::sink, "64"), 64U);
    EXPECT_EQ(tasks_of(sink, plugin_kind::sink, "1000000"), 64U);
    EXPECT_EQ(
        tasks_of("io.debezium.connector.postgresql.PostgresConnector", plugin_kind::source, "5"),
        1U);
}

} // namespace
} // namespace tandem::connect
