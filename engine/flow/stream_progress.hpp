#pragma once
// What a stream's reader tells its writer through Kafka, so that nothing else is needed between two sites.

#include "codecs/base/lsn.hpp"
#include "engine/core/horizon_probe.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace tandem::engine {

struct stream_progress {
    std::string run;    // of the writer that is meant: start_note::run
    std::string reader; // node
    lsn durable;        // everything up to here is durable at the reader
    bool again = false; // something is missing: send everything again that is not durable
    // A reader that has not begun asks where the stream does: who it is. Empty: it does not ask.
    std::string asks = {};
    // Everything up to `applied` was applied when the reader's own WAL was at `from`; zero: not known.
    horizon seen = {};

    friend bool operator==(stream_progress const&, stream_progress const&) = default;
};

[[nodiscard]] std::string encode(stream_progress const& told);
// Any bytes; none: it is nothing of the kind.
[[nodiscard]] std::optional<stream_progress> decode_progress(std::string_view text);

} // namespace tandem::engine
