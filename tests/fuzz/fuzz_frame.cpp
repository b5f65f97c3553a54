// decode_frame() on any bytes: what it accepts, written again by the tests' builder, is the input.
// The status that answers it is always a whole frame of its own.
#include "codecs/replication/frame.hpp"
#include "tests/support/pgoutput_builder.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace tandem::replication {
namespace {

std::string rewritten(xlog_data const& read) {
    return wire::xlog_data(read.start.value, read.wal_end.value, read.sent_at.us, read.payload);
}

std::string rewritten(keepalive const& read) {
    return wire::keepalive(read.wal_end.value, read.sent_at.us, read.reply_requested);
}

void check_answer(keepalive const& read) {
    standby_status const status{read.wal_end, read.wal_end, read.wal_end, read.sent_at,
                                read.reply_requested};
    std::string const position = wire::u64(read.wal_end.value);
    encoded_status const bytes = encode(status);
    if (std::string_view{bytes.data(), bytes.size()} !=
        'r' + position + position + position + wire::i64(read.sent_at.us) +
            wire::u8(read.reply_requested ? 1 : 0)) {
        std::abort();
    }
}

} // namespace
} // namespace tandem::replication

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace tandem;
    std::string_view const input{reinterpret_cast<char const*>(data), size};
    auto const decoded = replication::decode_frame(input);
    if (!decoded.has_value()) {
        if (decoded.error().code == codec_errc::ok || decoded.error().offset > input.size()) {
            std::abort();
        }
        return 0;
    }
    std::string const again =
        std::visit([](auto const& read) { return replication::rewritten(read); }, *decoded);
    if (again != input) {
        std::abort();
    }
    if (auto const* const alive = std::get_if<replication::keepalive>(&*decoded)) {
        replication::check_answer(*alive);
    }
    return 0;
}
