#include "codecs/base/result.hpp"

#include "codecs/base/assert.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace tandem {
namespace {

constexpr codec_errc all[] = {
    codec_errc::ok,          codec_errc::truncated,        codec_errc::trailing_bytes,
    codec_errc::unknown_tag, codec_errc::bad_length,       codec_errc::bad_string,
    codec_errc::bad_value,   codec_errc::unknown_relation, codec_errc::too_many_columns,
};

TEST(CodecErrc, EveryValueHasItsOwnSentence) {
    std::string const unknown = codec_category().message(9999);
    std::set<std::string> sentences{unknown};
    for (codec_errc const code : all) {
        std::string const sentence = make_error_code(code).message();
        EXPECT_TRUE(sentences.insert(sentence).second) << sentence;
        char unused[1];
        EXPECT_EQ(codec_category().message(static_cast<int>(code), unused, 0), sentence);
    }
}

TEST(CodecErrc, IsAnErrorCodeOfItsCategory) {
    boost::system::error_code const code = codec_errc::bad_length;
    EXPECT_EQ(code.category(), codec_category());
    EXPECT_STREQ(code.category().name(), "tandem.codec");
    EXPECT_EQ(code, codec_errc::bad_length);
    EXPECT_NE(code, codec_errc::bad_value);
    EXPECT_TRUE(code.failed());
    EXPECT_FALSE(make_error_code(codec_errc::ok).failed());
}

TEST(AssertDeathTest, NamesTheExpressionAndTraps) {
    int const two = 2;
    TANDEM_ASSERT(two == 2);
    EXPECT_DEATH(TANDEM_ASSERT(two == 3), "result_test.cpp:[0-9]+: assertion failed: two == 3");
}

} // namespace
} // namespace tandem
