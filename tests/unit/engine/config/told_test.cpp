// Where settings came from, as the console shows it, and the masks of columns.

#include "engine/config/load.hpp"
#include "engine/config/pattern.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem::engine {
namespace {

using testing::HasSubstr;
using testing::Not;

given one(std::string const& name, std::string const& where, std::string const& text) {
    return {{name, {{where, text}}}};
}

TEST(Told, TheStrongestSourceIsNamed) {
    auto const set = build(
        {one("batch-rows", "--batch-rows", "5"), one("batch-rows", "TANDEM_BATCH_ROWS", "7")});
    ASSERT_EQ(set.told.at("batch-rows").size(), 1U);
    EXPECT_EQ(set.told.at("batch-rows")[0].where, "--batch-rows");
    EXPECT_EQ(set.told.at("batch-rows")[0].text, "5");
    EXPECT_FALSE(set.told.contains("batch-bytes"));
}

TEST(Told, SecretsAreNotInIt) {
    auto const set = build({{{"node", {{"--node", "a=postgresql://u:sesame@host/db"}}},
                             {"property", {{"--property", "kafka.sasl.password=sesame"}}}}});
    EXPECT_THAT(set.told.at("node")[0].text, Not(HasSubstr("sesame")));
    EXPECT_THAT(set.told.at("node")[0].text, HasSubstr("host/db"));
    EXPECT_EQ(set.told.at("property")[0].text, "kafka.sasl.password=•••");
}

TEST(Masks, NameColumnsOfTablesByPattern) {
    auto const set = build({one("mask", "--mask", "public.person(email, phone*)")});
    EXPECT_TRUE(hides(set.masks, "public", "person", "email"));
    EXPECT_TRUE(hides(set.masks, "public", "person", "phone_home"));
    EXPECT_FALSE(hides(set.masks, "public", "person", "name"));
    EXPECT_FALSE(hides(set.masks, "public", "people", "email"));
    EXPECT_FALSE(hides({}, "public", "person", "email"));
}

TEST(Masks, NeedColumns) {
    for (char const* text : {"public.person", "person(email) where id > 5"}) {
        try {
            static_cast<void>(build({one("mask", "--mask", text)}));
            FAIL() << text;
        } catch (config_error const& wrong) {
            EXPECT_THAT(wrong.what(), HasSubstr("--mask: '")) << text;
            EXPECT_THAT(wrong.what(), HasSubstr("its columns in brackets")) << text;
        }
    }
}

} // namespace
} // namespace tandem::engine
