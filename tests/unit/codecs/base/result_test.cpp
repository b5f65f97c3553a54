#include "codecs/base/result.hpp"

#include "codecs/base/assert.hpp"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

namespace tandem {
namespace {

TEST(CodecError, EveryCodeHasItsOwnSentence) {
    auto const unknown = static_cast<codec_errc>(200);
    std::set<std::string_view> sentences{describe(unknown)};
    for (auto code = codec_errc::ok; code <= codec_errc::out_of_order;
         code = static_cast<codec_errc>(static_cast<int>(code) + 1)) {
        EXPECT_TRUE(sentences.insert(describe(code)).second) << describe(code);
    }
    EXPECT_EQ(sentences.size(), 11U);
}

TEST(CodecError, SaysWhere) {
    codec_error const error{codec_errc::bad_string, 17};
    EXPECT_EQ(error.message(), "a string has no terminating zero byte (at byte 17)");
}

TEST(CodecError, AResultThatIsAskedForWhatItHasNotThrows) {
    result<int> const failed = codec_error{codec_errc::truncated, 3};
    EXPECT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error(), (codec_error{codec_errc::truncated, 3}));
    EXPECT_THROW(static_cast<void>(failed.value()), std::runtime_error);
}

TEST(AssertDeathTest, NamesTheExpressionAndTraps) {
    int const two = 2;
    TANDEM_ASSERT(two == 2);
    EXPECT_DEATH(TANDEM_ASSERT(two == 3), "result_test.cpp:[0-9]+: assertion failed: two == 3");
}

} // namespace
} // namespace tandem
