#pragma once
// Where transactions begin and end, as events: Debezium's provide.transaction.metadata.
// https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-transaction-metadata

#include "codecs/base/arena.hpp"
#include "codecs/base/lsn.hpp"
#include "codecs/event/records.hpp"
#include "codecs/event/transaction_counter.hpp"

namespace tandem::event {

// Immutable. Their topic is `<prefix>.transaction`; the key is {"id":"<xid>:<lsn>"}, with the position of the event
// itself, so that BEGIN, END and the changes between have different ones that agree up to the colon.
class transaction_events {
public:
    explicit transaction_events(bool schemas = false) noexcept : schemas_{schemas} {}

    // `position`: of the BEGIN in the WAL, which is that of the first change.
    [[nodiscard]] record begin(xid transaction, lsn position, pg_time commit_time,
                               arena& into) const;
    // `position`: of the COMMIT. `events`: the transaction's, all counted.
    [[nodiscard]] record end(xid transaction, lsn position, pg_time commit_time,
                             transaction_counter const& events, arena& into) const;

private:
    bool schemas_;
};

} // namespace tandem::event
