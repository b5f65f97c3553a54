// Values that a configuration points to (engine/connect/config_providers.hpp).

#include "engine/connect/config_providers.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace tandem::connect {
namespace {

class References : public ::testing::Test {
protected:
    void SetUp() override {
        ::setenv("TANDEM_UNIT_SECRET", "open sesame", 1);
        ::setenv("TANDEM_UNIT_SHORT", "a", 1);
    }
    void TearDown() override {
        ::unsetenv("TANDEM_UNIT_SECRET");
        ::unsetenv("TANDEM_UNIT_SHORT");
    }
    property_map const config{{"database.dbname", "${env:TANDEM_UNIT_SECRET}"},
                              {"mixed", "x-${env:TANDEM_UNIT_SHORT}-${env:TANDEM_UNIT_SECRET}"},
                              {"plain", "${x}${"},
                              {"nobody", "${vault:secret/data}"}};
};

TEST_F(References, AreResolvedInTheirPlaces) {
    auto const made = resolve_references(config, {});
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ(made->at("database.dbname"), "open sesame");
    EXPECT_EQ(made->at("mixed"), "x-a-open sesame");
    EXPECT_EQ(made->at("plain"), "${x}${");
    EXPECT_EQ(made->at("nobody"), "${vault:secret/data}");
}

TEST_F(References, StandInMessagesForWhatTheyPointTo) {
    EXPECT_EQ(with_references("database \"open sesame\" does not exist (open sesame)", config, {}),
              "database \"${env:TANDEM_UNIT_SECRET}\" does not exist (${env:TANDEM_UNIT_SECRET})");
    EXPECT_EQ(with_references("a message", config, {}), "a message") << "one letter is in all";
    EXPECT_EQ(with_references("open sesame", {{"plain", "value"}}, {}), "open sesame");
}

TEST_F(References, ThatCannotBeHadStandForNothing) {
    provider_rules rules;
    rules.variables = "OTHER_.*";
    EXPECT_EQ(with_references("open sesame", config, rules), "open sesame");
}

} // namespace
} // namespace tandem::connect
