#pragma once
// What people tell a running source: rows of its signal table, or records of its signal topic. Pure.
// Form: Debezium 3.0, "Sending signals to a Debezium connector".

#include "codecs/connect/problem.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

struct signal {
    enum class kind : std::uint8_t {
        execute_snapshot,
        stop_snapshot,
        pause_snapshot,
        resume_snapshot,
        log,
        watermark // of another connector, which marks its chunks so
    };

    kind what = kind::log;
    std::string id;
    std::vector<std::string>
        collections; // regular expressions over schema.table; none: all there are
    std::map<std::string, std::string>
        conditions;            // by collection, also expressions: a WHERE of that table's rows
    std::string surrogate_key; // a column that orders the rows instead of the primary key
    bool blocking = false;     // asked for as one that holds up the stream
    std::string message;       // of log
};

// Error: what is wrong with it; it is said and passed over, as Debezium does.
[[nodiscard]] outcome<signal> read_signal(std::string id, std::string_view type,
                                          std::string_view data);
// The value of a record of the signal topic: {"id", "type", "data"}.
[[nodiscard]] outcome<signal> read_signal_record(std::string_view value);

} // namespace tandem::connect
