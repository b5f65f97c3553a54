#pragma once
// Logical messages (pg_logical_emit_message) as events with op m, as Debezium's connector for PostgreSQL writes them.
// https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-message-events

#include "codecs/base/arena.hpp"
#include "codecs/event/envelope.hpp"
#include "codecs/event/records.hpp"
#include "codecs/event/value_options.hpp"
#include "codecs/pgoutput/message.hpp"

#include <string>

namespace tandem::event {

// Immutable. Their topic is `<prefix>.message`; the key is {"prefix":..}.
class message_events {
public:
    // What transaction metadata counts messages by, in place of a table.
    static constexpr char const* collection = "LOGICAL_DECODING_MESSAGE";

    explicit message_events(binary_mode content, bool schemas = false);

    // `transaction`: the message's, or transaction_part::outside(). The record lives in `into`.
    [[nodiscard]] record of(pgoutput::logical_message const& message,
                            transaction_part const& transaction, event_order order,
                            event_time const& now, arena& into) const;

private:
    binary_mode content_;
    std::string open_key_; // up to the payload; empty: records go without schemas
    std::string open_value_;
};

} // namespace tandem::event
