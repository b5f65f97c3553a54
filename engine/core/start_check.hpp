#pragma once
// May a direction start streaming, or has something been lost (R5, R6)? Pure.

#include "codecs/base/lsn.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tandem::engine {

// What the source says before START_REPLICATION.
struct source_facts {
    std::string system_id;
    int timeline = 0;
    lsn wal_end;             // flushed WAL
    std::string incarnation; // tandem.meta
    bool slot_exists = false;
    bool slot_lost = false; // wal_status lost or conflicting
    lsn confirmed_flush;    // of the slot
    std::string slot;
    std::vector<std::string> sent_as; // what its writers to Kafka called themselves
};

// What the sink remembers (tandem.progress).
struct progress_facts {
    lsn applied;
    lsn safe;
    xid applied_xid;
    pg_time applied_at;
    lsn start;             // the slot's consistent point when the stream was set up
    std::string system_id; // empty before the first start
    int timeline = 0;
    std::string incarnation; // the source's last token we know of; empty before the first start
    std::string next_incarnation; // the token we were about to write there

    // A peer's stream that nothing has been heard of: its log tells where it begins.
    [[nodiscard]] bool open() const noexcept {
        return reached() == lsn{} && system_id.empty() && incarnation.empty();
    }
    // Everything before this is at the sink.
    [[nodiscard]] lsn reached() const noexcept;
};

enum class start_verdict { go, gap, lost };

struct start_decision {
    start_verdict verdict = start_verdict::go;
    std::string reason; // cause, missing interval and cure
    // The stream must contain exactly the transaction applied last (R6).
    bool expect_last_applied = false;
};

[[nodiscard]] start_decision check_start(source_facts const& source,
                                         progress_facts const& progress);

// Follows the start of a stream: tells, transaction by transaction, which were applied before, and
// whether the last of these is the very one the sink remembers (when check_start() expects it).
class resume_guard {
public:
    enum class verdict { fresh, applied_before, gap };

    resume_guard(progress_facts const& progress, bool expect_last_applied) noexcept;

    // For every transaction of the stream, in order. A commit record that starts before the end of
    // the last applied one belongs to it or to an earlier one.
    [[nodiscard]] verdict begin(lsn final_lsn) noexcept;
    // For every transaction that begin() called applied_before: never `fresh`.
    [[nodiscard]] verdict end(lsn end, xid id, pg_time commit_time) noexcept;
    // For every transaction with changes of the source's own that is to be applied. Up to `safe`
    // the sink has seen that there were none.
    [[nodiscard]] verdict applies(lsn end) noexcept;
    // The server has sent all it has before `wal_end`.
    [[nodiscard]] verdict keepalive(lsn wal_end) noexcept;
    [[nodiscard]] std::string why() const;

private:
    lsn applied_;
    lsn safe_;
    xid xid_;
    pg_time at_;
    bool pending_;
    lsn seen_;
};

} // namespace tandem::engine
