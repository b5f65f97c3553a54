#include "engine/core/trace_context.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tandem::engine {
namespace {

std::string const valid = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

std::string with(std::size_t at, std::string_view other) {
    auto text = valid;
    return text.replace(at, other.size(), other);
}

TEST(TraceContext, AParentIsOfTheFormOfTheRecommendation) {
    EXPECT_TRUE(is_trace_parent(valid));
    EXPECT_TRUE(is_trace_parent(with(0, "cc")));
    EXPECT_TRUE(is_trace_parent(with(0, "cc") + "-more"));
    EXPECT_TRUE(is_trace_parent(with(53, "ff")));
    for (std::string const& wrong :
         {std::string{}, valid.substr(1), valid.substr(0, 54), valid + "-", valid + "0",
          with(0, "ff"), with(0, "0G"), with(0, "cc") + "more", with(2, "_"), with(35, "0"),
          with(52, " "), with(3, "0AF"), with(36, "B"), with(53, "0x"),
          with(3, std::string(32, '0')), with(36, std::string(16, '0')),
          with(0, "cc") + "-" + std::string(600, 'x'), with(0, "cc") + "-\n"}) {
        EXPECT_FALSE(is_trace_parent(wrong)) << wrong;
    }
}

TEST(TraceContext, AStateIsWhatAHeaderCanBe) {
    EXPECT_TRUE(is_trace_state("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"));
    EXPECT_TRUE(is_trace_state(std::string(512, '~')));
    EXPECT_FALSE(is_trace_state(""));
    EXPECT_FALSE(is_trace_state(std::string(513, 'x')));
    EXPECT_FALSE(is_trace_state("a=\x7f"));
    EXPECT_FALSE(is_trace_state("a=\n"));
    EXPECT_FALSE(is_trace_state("ä=b"));
}

TEST(TraceContext, TakesItsTwoMessages) {
    trace_context trace;
    EXPECT_FALSE(trace.take("other", valid));
    EXPECT_FALSE(trace.take("traceparent", "00-nonsense"));
    EXPECT_TRUE(trace.take("tracestate", "a=b"));
    EXPECT_TRUE(trace.take("traceparent", valid));
    EXPECT_FALSE(trace.take("traceparent", ""));
    EXPECT_EQ(trace.parent, valid);
    EXPECT_EQ(trace.state, "a=b");
}

} // namespace
} // namespace tandem::engine
