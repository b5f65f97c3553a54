#pragma once
// What the events of the benchmarks say beside their rows: where, when, and at which position.

#include "codecs/event/envelope.hpp"
#include "codecs/event/row_plan.hpp"

#include <cstddef>

namespace tandem::perf {

inline event::event_source const the_source{"0.1.0", "chat", "chat"};
inline event::transaction_part const the_transaction{the_source, xid{700}, pg_time{1'000'000},
                                                     lsn{1'000}};
inline event::event_time const the_time{1'700'000'000'123'456'789};

inline event::relation_events::change change_of(pgoutput::tuple_view tuple, std::size_t index) {
    event::relation_events::change made;
    made.new_row = tuple;
    made.position = lsn{1'000'000 + index * 100};
    return made;
}

} // namespace tandem::perf
