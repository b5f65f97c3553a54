#include "engine/admin/search_demand.hpp"

#include "engine/admin/topic_search.hpp"
#include "engine/config/error.hpp"

#include <gtest/gtest.h>
#include <regex.h>

#include <memory>
#include <optional>
#include <random>
#include <string>

namespace tandem::engine {
namespace {

TEST(SearchDemand, AWordIsLookedForAsItIs) {
    EXPECT_EQ(demand_of("user-17"), (search_demand{"user-17", true}));
    EXPECT_EQ(demand_of("황보규민"), (search_demand{"황보규민", true}));
    EXPECT_EQ(demand_of(R"(a\.b\|c)"), (search_demand{R"(a.b|c)", true}));
    EXPECT_EQ(demand_of(R"("id":17,)"), (search_demand{R"("id":17,)", true}));
}

TEST(SearchDemand, OfAnExpressionTheLongestPartThatMustBeThere) {
    EXPECT_EQ(demand_of("ab.*cdef"), (search_demand{"cdef", false}));
    EXPECT_EQ(demand_of("^abc$"), (search_demand{"abc", false}));
    EXPECT_EQ(demand_of("abc*d"), (search_demand{"ab", false}));
    EXPECT_EQ(demand_of("abc?"), (search_demand{"ab", false}));
    EXPECT_EQ(demand_of("abc{0,2}x"), (search_demand{"ab", false}));
    EXPECT_EQ(demand_of("abc+x"), (search_demand{"abc", false}));
    EXPECT_EQ(demand_of("a(bcdef|x)gh"), (search_demand{"gh", false}));
    EXPECT_EQ(demand_of("a[]b)]cd"), (search_demand{"cd", false}));
    EXPECT_EQ(demand_of("(a[)]b)cd"), (search_demand{"cd", false}));
    EXPECT_EQ(demand_of("[[:digit:]]]x"), (search_demand{"]x", false}));
    EXPECT_EQ(demand_of(R"(\<ab\>)"), (search_demand{"ab", false}));
    EXPECT_EQ(demand_of(R"(a\wbc)"), (search_demand{"bc", false}));
}

TEST(SearchDemand, NothingIsDemandedWhereItMayBeOther) {
    EXPECT_EQ(demand_of("abc|d"), search_demand{});
    EXPECT_EQ(demand_of("[abc]"), search_demand{});
    EXPECT_EQ(demand_of("a*"), search_demand{});
    EXPECT_EQ(demand_of("(abc)"), search_demand{});
}

// The matcher alone, in the same syntax.
class plain_search {
public:
    explicit plain_search(std::string const& pattern) {
        auto const before = re_set_syntax(
            (RE_SYNTAX_POSIX_EXTENDED & ~(RE_UNMATCHED_RIGHT_PAREN_ORD | RE_DOT_NOT_NULL)) |
            RE_NO_BK_REFS | RE_NO_SUB);
        good = re_compile_pattern(pattern.data(), pattern.size(), &program_) == nullptr;
        re_set_syntax(before);
    }
    ~plain_search() { regfree(&program_); }
    plain_search(plain_search const&) = delete;
    plain_search& operator=(plain_search const&) = delete;

    [[nodiscard]] bool finds(std::string const& text) const {
        regmatch_t range{};
        range.rm_eo = static_cast<regoff_t>(text.size());
        return regexec(&program_, text.c_str(), 0, &range, REG_STARTEND) == 0;
    }

    bool good = false;

private:
    regex_t program_{};
};

TEST(SearchDemand, FindsWhatTheMatcherAloneFinds) {
    std::mt19937 random{20261130};
    auto const text_of = [&](std::string_view letters, std::size_t most) {
        std::string made;
        auto const size = random() % (most + 1);
        while (made.size() < size) {
            made += letters[random() % letters.size()];
        }
        return made;
    };
    int tried = 0;
    int found = 0;
    int by_word = 0;
    while (tried < 20'000) {
        auto const pattern = text_of(R"(aabbcc.*+?|()[]{}^$\12,)", 9);
        plain_search const plain{pattern};
        if (pattern.empty() || !plain.good) {
            continue;
        }
        std::unique_ptr<topic_search> ours;
        try {
            ours = std::make_unique<topic_search>("", pattern);
        } catch (config_error const&) {
            continue; // back-references
        }
        ++tried;
        by_word += demand_of(pattern).literal.empty() ? 0 : 1;
        for (int each = 0; each < 8; ++each) {
            auto const text = text_of(R"(aabbcc.*+?()[]{}\12)", 12);
            bool const there = plain.finds(text);
            found += there ? 1 : 0;
            ASSERT_EQ(ours->matches(std::nullopt, text, {}), there)
                << "pattern '" << pattern << "', text '" << text << "'";
        }
    }
    EXPECT_GT(found, 20'000);
    EXPECT_GT(by_word, 5'000);
}

} // namespace
} // namespace tandem::engine
