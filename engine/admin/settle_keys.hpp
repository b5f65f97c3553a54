#pragma once
// Of keys that differed: which of them are different, behind fences (settling.hpp)?

#include "engine/admin/compare.hpp"
#include "engine/admin/fence.hpp"
#include "engine/admin/settling.hpp"

#include <string>
#include <vector>

namespace tandem::engine {

struct settled_key {
    std::vector<std::string> key;
    key_look rows; // as they have been all the while

    [[nodiscard]] differing_key shown() const {
        return {key, rows.source.there, rows.target.there};
    }
};

struct settled_keys {
    std::vector<settled_key> different;
    std::int64_t unsettled = 0; // they were written all the time
    std::int64_t undecided = 0; // a stream was late
};

// The two rows of each key, in their order. `versions`: by whom and when each was written.
[[nodiscard]] awaitable<std::vector<key_look>> look_at(session& source, session& target,
                                                       compared_pair const& tables,
                                                       std::vector<std::vector<std::string>> keys,
                                                       bool versions, std::string doing);

// Neither session is in a transaction.
[[nodiscard]] awaitable<settled_keys> settle_keys(session& source, session& target,
                                                  compared_pair const& tables,
                                                  std::vector<differing_key> keys,
                                                  stream_fence& fence, bool versions,
                                                  std::string doing);

} // namespace tandem::engine
