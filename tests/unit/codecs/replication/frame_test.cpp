#include "codecs/replication/frame.hpp"

#include "tests/support/exact_buffer.hpp"
#include "tests/support/pgoutput_builder.hpp"

#include <gtest/gtest.h>

namespace tandem::replication {
namespace {

using wire::exact_buffer;

codec_errc error_of(std::string_view bytes) {
    auto const decoded = decode_frame(exact_buffer{bytes}.view());
    return decoded.has_value() ? codec_errc::ok : decoded.error().code;
}

TEST(ReplicationFrame, XlogData) {
    exact_buffer const buffer{wire::xlog_data(0x16'B374'D848, 0x17'0000'0001, -5, "payload")};
    auto const decoded = decode_frame(buffer.view());
    ASSERT_TRUE(decoded.has_value());
    auto const& data = std::get<xlog_data>(*decoded);
    EXPECT_EQ(data.start, lsn{0x16'B374'D848});
    EXPECT_EQ(data.wal_end, lsn{0x17'0000'0001});
    EXPECT_EQ(data.sent_at, pg_time{-5});
    EXPECT_EQ(data.payload, "payload");
    EXPECT_EQ(data.payload.data(), buffer.view().data() + 25) << "a view, not a copy";
}

TEST(ReplicationFrame, XlogDataMayBeEmpty) {
    exact_buffer const buffer{wire::xlog_data(1, 2, 3, "")};
    auto const decoded = decode_frame(buffer.view());
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(std::get<xlog_data>(*decoded).payload, "");
}

TEST(ReplicationFrame, Keepalive) {
    for (bool const wanted : {false, true}) {
        exact_buffer const buffer{wire::keepalive(0xFFFF'FFFF'FFFF'FFFF, 7, wanted)};
        auto const decoded = decode_frame(buffer.view());
        ASSERT_TRUE(decoded.has_value());
        auto const& alive = std::get<keepalive>(*decoded);
        EXPECT_EQ(alive.wal_end, lsn{0xFFFF'FFFF'FFFF'FFFF});
        EXPECT_EQ(alive.sent_at, pg_time{7});
        EXPECT_EQ(alive.reply_requested, wanted);
    }
}

TEST(ReplicationFrame, TruncationAnywhereIsAnError) {
    std::string const frames[] = {wire::xlog_data(1, 2, 3, ""), wire::keepalive(1, 2, true)};
    for (std::string const& frame : frames) {
        for (std::size_t size = 0; size < frame.size(); ++size) {
            EXPECT_EQ(error_of(frame.substr(0, size)), codec_errc::truncated)
                << frame[0] << " cut to " << size;
        }
        EXPECT_EQ(error_of(frame), codec_errc::ok);
    }
}

TEST(ReplicationFrame, Refuses) {
    struct {
        char const* name;
        std::string bytes;
        codec_errc error;
    } const cases[] = {
        {"empty", "", codec_errc::truncated},
        {"unknown tag", "x", codec_errc::unknown_tag},
        {"our own status", "r" + std::string(33, '\0'), codec_errc::unknown_tag},
        {"zero tag", std::string(26, '\0'), codec_errc::unknown_tag},
        {"trailing byte", wire::keepalive(1, 2, false) + 'x', codec_errc::trailing_bytes},
        {"neither yes nor no", 'k' + wire::u64(1) + wire::u64(2) + wire::u8(2),
         codec_errc::bad_value},
    };
    for (auto const& [name, bytes, error] : cases) {
        EXPECT_EQ(error_of(bytes), error) << name;
    }
}

TEST(ReplicationFrame, EncodesStandbyStatus) {
    standby_status const status{lsn{0x0102'0304'0506'0708}, lsn{2}, lsn{3}, pg_time{-1}, true};
    encoded_status const bytes = encode(status);
    EXPECT_EQ(std::string(bytes.begin(), bytes.end()), 'r' + wire::u64(0x0102'0304'0506'0708) +
                                                           wire::u64(2) + wire::u64(3) +
                                                           wire::i64(-1) + wire::u8(1));
    EXPECT_EQ(encode({}).back(), 0) << "no reply asked for by default";
}

} // namespace
} // namespace tandem::replication
