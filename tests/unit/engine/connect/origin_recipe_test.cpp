#include "engine/connect/origin_recipe.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tandem::connect {
namespace {

plugin const& of(std::string const& class_name) {
    return *find_plugin(class_name);
}
plugin const& source() {
    return of("io.debezium.connector.postgresql.PostgresConnector");
}
plugin const& sink() {
    return of("io.debezium.connector.jdbc.JdbcSinkConnector");
}

TEST(OriginRecipe, NothingChangesWithoutIt) {
    property_map const given{{"topic.prefix", "shop"}, {"transforms", "x"}};
    EXPECT_EQ(with_origin_recipe(source(), given).value(), given);
}

TEST(OriginRecipe, ASourceMarksRecordsAndSendsItsOwnRows) {
    auto const made = with_origin_recipe(source(), {{"topic.prefix", "shop.a"},
                                                    {"transforms", "route"},
                                                    {"tandem.origin.recipe", "origin=a"}});
    ASSERT_TRUE(made);
    EXPECT_EQ(made->at("transforms"), "tandem_mark,tandem_own,route");
    EXPECT_EQ(made->at("transforms.tandem_mark.type"),
              "org.apache.kafka.connect.transforms.InsertHeader");
    EXPECT_EQ(made->at("transforms.tandem_mark.header"), "origin");
    EXPECT_EQ(made->at("transforms.tandem_mark.value.literal"), "a");
    EXPECT_EQ(made->at("transforms.tandem_own.type"), "io.debezium.transforms.Filter");
    EXPECT_EQ(made->at("transforms.tandem_own.topic.regex"), "shop[.]a[.][^.]+[.][^.]+");
    EXPECT_EQ(made->at("transforms.tandem_own.condition"),
              "value.after == null || value.after.origin == null || value.after.origin == 'a'");
}

TEST(OriginRecipe, ASinkWritesTheSiteIntoTheColumn) {
    auto const made = with_origin_recipe(sink(), {{"tandem.origin.recipe", "made_at=site-1"}});
    ASSERT_TRUE(made);
    EXPECT_EQ(made->at("transforms"), "tandem_unwrap,tandem_drop,tandem_origin");
    EXPECT_EQ(made->at("transforms.tandem_unwrap.type"),
              "io.debezium.transforms.ExtractNewRecordState");
    EXPECT_EQ(made->at("transforms.tandem_drop.exclude"), "made_at");
    EXPECT_EQ(made->at("transforms.tandem_origin.static.field"), "made_at");
    EXPECT_EQ(made->at("transforms.tandem_origin.static.value"), "site-1");
}

TEST(OriginRecipe, WhatIsNoneIsRefused) {
    for (auto const* given :
         {"", "=", "a", "a=", "=b", "a=b=c", "a b=c", "a=b'c", "x.y=a", "ä=a"}) {
        auto const made = with_origin_recipe(source(), {{"tandem.origin.recipe", given}});
        ASSERT_FALSE(made) << given;
        EXPECT_TRUE(made.error().what.starts_with(std::string{"Invalid value "} + given +
                                                  " for configuration tandem.origin.recipe: "))
            << made.error().what;
    }
}

} // namespace
} // namespace tandem::connect
