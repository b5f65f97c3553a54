// What a reader tells comes back as it was told; anything else is nothing of the kind.
#include "engine/flow/stream_progress.hpp"

#include <gtest/gtest.h>

namespace tandem::engine {
namespace {

TEST(StreamProgress, ComesBackAsItWasTold) {
    for (bool const again : {false, true}) {
        stream_progress const told{"run", "b", lsn{0x1234'5678'9abc}, again};
        EXPECT_EQ(decode_progress(encode(told)), told);
    }
    stream_progress const asked{"", "b", {}, false, "7/5/1.5"};
    EXPECT_EQ(decode_progress(encode(asked)), asked);
}

TEST(StreamProgress, AnythingElseIsNone) {
    for (auto const* const text : {
             "",
             "{",
             "[]",
             "7",
             R"({"run":"r","reader":"b","durable":"0/1"})",
             R"({"run":"r","reader":"b","durable":"0/1","again":"no"})",
             R"({"run":"r","reader":"b","durable":"nowhere","again":false})",
             R"({"run":"r","reader":"b","durable":1,"again":false})",
             R"({"run":"r","durable":"0/1","again":false})",
             R"({"reader":"b","durable":"0/1","again":false})",
         }) {
        EXPECT_FALSE(decode_progress(text)) << text;
    }
}

} // namespace
} // namespace tandem::engine
