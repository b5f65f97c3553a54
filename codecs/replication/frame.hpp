#pragma once
// The frames inside CopyBoth of a replication connection.
// Protocol: https://www.postgresql.org/docs/current/protocol-replication.html

#include "codecs/base/lsn.hpp"
#include "codecs/base/result.hpp"

#include <array>
#include <string_view>
#include <variant>

namespace tandem::replication {

// 'w': a piece of the stream. `payload` points into the decoded buffer.
struct xlog_data {
    lsn start;
    lsn wal_end;
    pg_time sent_at;
    std::string_view payload;
};

// 'k': the server is alive; with `reply_requested` it wants a status update soon.
struct keepalive {
    lsn wal_end;
    pg_time sent_at;
    bool reply_requested = false;
};

using frame = std::variant<xlog_data, keepalive>;

[[nodiscard]] result<frame> decode_frame(std::string_view bytes) noexcept;

// 'r': what we have. The server frees WAL up to `flushed`; all three only ever grow.
struct standby_status {
    lsn written;
    lsn flushed;
    lsn applied;
    pg_time sent_at;
    bool reply_requested = false;
};

using encoded_status = std::array<char, 34>;
[[nodiscard]] encoded_status encode(standby_status const& status) noexcept;

} // namespace tandem::replication
