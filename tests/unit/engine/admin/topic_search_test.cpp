#include "engine/admin/topic_search.hpp"

#include "engine/config/error.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tandem::engine {
namespace {

using namespace std::string_view_literals;
using headers = std::vector<io::kafka::header>;

bool found(std::string const& key, std::string const& pattern,
           std::optional<std::string_view> of_key, std::optional<std::string_view> value,
           headers const& with = {}) {
    topic_search search{key, pattern};
    return search.matches(of_key, value, with);
}

TEST(TopicSearch, NothingAskedForIsEverything) {
    EXPECT_TRUE(topic_search("", "").everything());
    EXPECT_FALSE(topic_search("k", "").everything());
    EXPECT_FALSE(topic_search("", "p").everything());
    EXPECT_TRUE(found("", "", std::nullopt, std::nullopt));
}

TEST(TopicSearch, KeysHaveTheTextInThem) {
    EXPECT_TRUE(found("17", "", R"({"id":17})", std::nullopt));
    EXPECT_TRUE(found("17", "", R"({"id":170})", std::nullopt));
    EXPECT_FALSE(found("17", "", R"({"id":71})", "17"));
    EXPECT_FALSE(found("17", "", std::nullopt, "17"));
    EXPECT_TRUE(found("\xff", "", "a\0\xff"sv, std::nullopt));
    EXPECT_FALSE(found(".", "", "a", std::nullopt)); // no expression
}

TEST(TopicSearch, PatternsLookIntoKeyValueAndHeaders) {
    headers const with{{"origin", "a"}, {"none", std::nullopt}, {"origin", "b"}};
    EXPECT_TRUE(found("", "^k[0-9]+$", "k12", "v"));
    EXPECT_TRUE(found("", "x|y", std::nullopt, "..y.."));
    EXPECT_TRUE(found("", "^origin=b$", "k", "v", with));
    EXPECT_TRUE(found("", "^none=$", "k", "v", with));
    EXPECT_FALSE(found("", "^origin=c$", "k", "v", with));
    EXPECT_FALSE(found("", "^$", "k", "v"));
    EXPECT_TRUE(found("", "^$", "k", ""));
    EXPECT_FALSE(found("", "^$", std::nullopt, std::nullopt));
}

TEST(TopicSearch, PatternsTakeBytesAsTheyAre) {
    EXPECT_TRUE(found("", "after", std::nullopt, "before\0after"sv));
    EXPECT_TRUE(found("", "a.c", std::nullopt,
                      "a\xff"
                      "c"));
    EXPECT_TRUE(found("", "gr\xc3\xbc\xc3\x9f", std::nullopt, "gr\xc3\xbc\xc3\x9f dich"));
}

TEST(TopicSearch, BothMustFit) {
    EXPECT_TRUE(found("k", "v", "k", "v"));
    EXPECT_FALSE(found("x", "v", "k", "v"));
    EXPECT_FALSE(found("k", "x", "k", "v"));
}

TEST(TopicSearch, MistakesAreNamed) {
    for (char const* pattern :
         {"(", ")", "a)(b", "a)|b", "[a", "a{2", "*a", "a\\", "(a)\\1", "\\\\\\2"}) {
        EXPECT_THROW(topic_search("", pattern), config_error) << pattern;
    }
    EXPECT_NO_THROW(topic_search("", "\\\\1")); // a backslash, then a 1
}

// One that backtracks would not end, one that begins anew at every byte would take minutes.
TEST(TopicSearch, ReadsATextOnce) {
    std::string const text(1'000'000, 'a');
    EXPECT_FALSE(found("", "(a*)*(a|aa)+b", std::nullopt, text));
    EXPECT_FALSE(found("", "a.*b", std::nullopt, text));
    EXPECT_TRUE(found("", "a.*b|^aa*$", std::nullopt, text));
}

} // namespace
} // namespace tandem::engine
