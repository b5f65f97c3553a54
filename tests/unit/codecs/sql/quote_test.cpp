#include "codecs/sql/quote.hpp"

#include <gtest/gtest.h>

namespace tandem::sql {
namespace {

struct quoting {
    char const* name;
    std::string text;
    std::string quoted;
};

TEST(Quote, Identifiers) {
    quoting const cases[] = {
        {"plain", "chat_user", R"("chat_user")"},
        {"keyword", "select", R"("select")"},
        {"capitals and blanks", "Order Lines", R"("Order Lines")"},
        {"one quote", "\"", "\"\"\"\""},
        {"injection", R"(x"; DROP TABLE y; --)", R"("x""; DROP TABLE y; --")"},
        {"apostrophe and backslash stay", R"(it's \ here)", R"("it's \ here")"},
        {"japanese", "会話", "\"会話\""},
        {"63 bytes", std::string(63, 'n'), '"' + std::string(63, 'n') + '"'},
        {"newline", "a\nb", "\"a\nb\""},
        {"empty", "", R"("")"},
    };
    for (auto const& [name, text, quoted] : cases) {
        EXPECT_EQ(identifier(text), quoted) << name;
    }
}

TEST(Quote, QualifiedNamesQuoteBothParts) {
    EXPECT_EQ(qualified("public", "chat_user"), R"("public"."chat_user")");
    EXPECT_EQ(qualified("a.b", "c\"d"), R"("a.b"."c""d")");
}

TEST(Quote, Literals) {
    quoting const cases[] = {
        {"plain", "hello", "'hello'"},
        {"apostrophe", "it's", "'it''s'"},
        {"only apostrophes", "''", "''''''"},
        {"injection", "'; DROP TABLE y; --", "'''; DROP TABLE y; --'"},
        {"backslash", R"(a\b)", R"(E'a\\b')"},
        {"backslash before the end", R"(a\)", R"(E'a\\')"},
        {"backslash and apostrophe", R"(\')", R"(E'\\''')"},
        {"double quote stays", R"(a"b)", R"('a"b')"},
        {"korean", "안녕", "'안녕'"},
        {"newline stays", "a\nb", "'a\nb'"},
        {"empty", "", "''"},
    };
    for (auto const& [name, text, quoted] : cases) {
        EXPECT_EQ(literal(text), quoted) << name;
    }
}

} // namespace
} // namespace tandem::sql
