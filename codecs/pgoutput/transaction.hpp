#pragma once
// Where transactions begin and end in a pgoutput stream. Text is a view into the message.
//
// A transaction comes whole, in the order of commits, as B..C or, when two-phase is asked for, as b..P
// at its PREPARE. From protocol 2 on a large one may come while it is still open, in blocks S..E between
// others, ended by c, p or A.
// Protocol: https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html

#include "codecs/base/lsn.hpp"

#include <string_view>

namespace tandem::pgoutput {

// --- a transaction that has committed

// B: the start of a transaction. All messages up to C belong to it.
struct begin {
    lsn final_lsn;       // where the commit record starts (equals commit::commit_lsn)
    pg_time commit_time; // for a replayed transaction the time its origin committed
    xid transaction;
};

// C: the transaction is complete. `end_lsn` is the only position to confirm or resume from (R1).
struct commit {
    lsn commit_lsn;
    lsn end_lsn;
    pg_time commit_time;
};

// O: the transaction was replayed from elsewhere; comes right after B.
struct origin {
    lsn origin_lsn;
    std::string_view name;
};

// --- a transaction in blocks while it is open: protocol 2, option streaming

// S: the messages up to E belong to this transaction or to one of its subtransactions, which each of
// them names.
struct stream_start {
    xid transaction;
    bool first_block = false;
};

// E: the block ends; others may follow.
struct stream_stop {};

// c: the transaction has committed. What its aborted subtransactions wrote does not count.
struct stream_commit {
    xid transaction;
    lsn commit_lsn;
    lsn end_lsn; // as commit::end_lsn
    pg_time commit_time;
};

// A: the subtransaction was rolled back, with all its changes; the whole transaction when both are equal.
struct stream_abort {
    xid transaction;
    xid subtransaction;
    bool positioned = false; // only protocol 4 with streaming 'parallel' says where and when
    lsn abort_lsn;
    pg_time abort_time;
};

// --- two-phase transactions: protocol 3, option two_phase

// b: the start of a transaction that comes at its PREPARE. All messages up to P belong to it.
struct begin_prepare {
    lsn prepare_lsn;
    lsn end_lsn;
    pg_time prepare_time;
    xid transaction;
    std::string_view gid; // the identifier given to PREPARE TRANSACTION
};

// P: the transaction is complete and prepared, neither committed nor rolled back.
struct prepare {
    lsn prepare_lsn;
    lsn end_lsn; // the position to confirm or resume from, as commit::end_lsn
    pg_time prepare_time;
    xid transaction;
    std::string_view gid;
};

// p: as P, of a transaction that came in blocks.
struct stream_prepare {
    lsn prepare_lsn;
    lsn end_lsn;
    pg_time prepare_time;
    xid transaction;
    std::string_view gid;
};

// K: COMMIT PREPARED.
struct commit_prepared {
    lsn commit_lsn;
    lsn end_lsn;
    pg_time commit_time;
    xid transaction;
    std::string_view gid;
};

// r: ROLLBACK PREPARED.
struct rollback_prepared {
    lsn prepare_end_lsn; // the end_lsn of what is rolled back
    lsn rollback_end_lsn;
    pg_time prepare_time;
    pg_time rollback_time;
    xid transaction;
    std::string_view gid;
};

} // namespace tandem::pgoutput
