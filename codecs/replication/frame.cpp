#include "codecs/replication/frame.hpp"

#include "codecs/base/byte_reader.hpp"

namespace tandem::replication {
namespace {

void read(byte_reader& in, xlog_data& into) noexcept {
    into.start = {in.u64()};
    into.wal_end = {in.u64()};
    into.sent_at = {in.i64()};
    into.payload = in.rest();
}

void read(byte_reader& in, keepalive& into) noexcept {
    into.wal_end = {in.u64()};
    into.sent_at = {in.i64()};
    into.reply_requested = in.flag();
}

// The frame is built where the caller gets it, for the reason given in pgoutput/decode.cpp.
template <class Frame>
result<frame> whole(byte_reader& in) noexcept {
    result<frame> decoded{boost::system::in_place_value, std::in_place_type<Frame>};
    read(in, *std::get_if<Frame>(&*decoded));
    if (codec_error const error = in.finish(); error.code != codec_errc::ok) {
        decoded = error;
    }
    return decoded;
}

} // namespace

result<frame> decode_frame(std::string_view bytes) noexcept {
    byte_reader in{bytes};
    switch (static_cast<char>(in.u8())) {
    case 'w':
        return whole<xlog_data>(in);
    case 'k':
        return whole<keepalive>(in);
    default:
        in.fail(codec_errc::unknown_tag, 1); // an empty frame stays "truncated"
        return in.finish();
    }
}

encoded_status encode(standby_status const& status) noexcept {
    encoded_status bytes{};
    char* const at = bytes.data();
    at[0] = 'r';
    store_big_endian(at + 1, status.written.value);
    store_big_endian(at + 9, status.flushed.value);
    store_big_endian(at + 17, status.applied.value);
    store_big_endian(at + 25, static_cast<std::uint64_t>(status.sent_at.us));
    at[33] = status.reply_requested ? 1 : 0;
    return bytes;
}

} // namespace tandem::replication
