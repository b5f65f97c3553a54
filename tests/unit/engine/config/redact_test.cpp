#include "engine/config/redact.hpp"

#include <gtest/gtest.h>

namespace tandem::engine {
namespace {

struct redaction {
    char const* name;
    char const* given;
    char const* shown;
};

TEST(Redact, KeepsWhatIsNoSecret) {
    redaction const cases[] = {
        {"plain URI", "postgresql://localhost:5432/db", "postgresql://localhost:5432/db"},
        {"user without password", "postgres://me@localhost/db", "postgres://me@localhost/db"},
        {"parameters", "postgres://h/db?sslmode=require&connect_timeout=2",
         "postgres://h/db?sslmode=require&connect_timeout=2"},
        {"passfile is a path", "postgres://h/db?passfile=x", "postgres://h/db?passfile=x"},
        {"IPv6", "postgres://me@[::1]:5432/db", "postgres://me@[::1]:5432/db"},
        {"keywords", "host=localhost port=5432 dbname=db", "host=localhost port=5432 dbname=db"},
        {"empty", "", ""},
        {"a word", "chat", "chat"},
    };
    for (redaction const& each : cases) {
        EXPECT_EQ(redact(each.given), each.shown) << each.name;
    }
}

TEST(Redact, HidesPasswords) {
    redaction const cases[] = {
        {"URI", "postgresql://me:secret@h:5432/db", "postgresql://me:***@h:5432/db"},
        {"empty user", "postgres://:secret@h/db", "postgres://:***@h/db"},
        {"encoded", "postgres://me:s%40cret@h/db", "postgres://me:***@h/db"},
        {"unencoded @", "postgres://me:secr@et@h/db", "postgres://me:***@h/db"},
        {"unencoded /", "postgres://me:secr/et@h/db", "postgres://me:***@h/db"},
        {"unencoded :", "postgres://me:secr:et@h/db", "postgres://me:***@h/db"},
        {"unencoded ?", "postgres://me:secr?et@h/db", "postgres://me:***"},
        {"parameter", "postgres://me@h/db?password=secret&sslmode=require",
         "postgres://me@h/db?password=***&sslmode=require"},
        {"parameter first", "postgres://h/?sslpassword=secret", "postgres://h/?sslpassword=***"},
        {"parameter in capitals", "postgres://h/?PASSWORD=secret", "postgres://h/?PASSWORD=***"},
        {"parameter with encoded name", "postgres://h/?pass%77ord=secret",
         "postgres://h/?pass%77ord=***"},
        {"parameter with @", "postgres://h/db?password=secr@et", "postgres://h/db?***"},
        {"both", "postgres://me:secret@h/db?password=secret",
         "postgres://me:***@h/db?password=***"},
        {"keywords", "host=h password=secret dbname=db", "host=h password=*** dbname=db"},
        {"keywords, spaces", "password = secret host=h", "password = *** host=h"},
        {"keywords, quoted", "password='sec ret' host=h", "password=*** host=h"},
        {"keywords, escapes", "password='sec\\'secret' host=h", "password=*** host=h"},
        {"keywords, escaped space", "password=secr\\ et host=h", "password=*** host=h"},
        {"keywords, last", "host=h password=secret", "host=h password=***"},
        {"keywords, unclosed quote", "host=h password='secret", "host=h password=***"},
        {"keywords, URI in a value", "password=a://secret host=h", "password=*** host=h"},
        {"keywords, client secret", "oauth_client_secret=secret", "oauth_client_secret=***"},
        {"several hosts", "postgres://me:secret@h1:1,h2:2/db", "postgres://me:***@h1:1,h2:2/db"},
    };
    for (redaction const& each : cases) {
        EXPECT_EQ(redact(each.given), each.shown) << each.name;
    }
}

} // namespace
} // namespace tandem::engine
