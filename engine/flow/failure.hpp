#pragma once
// Why a direction stopped running, and what its supervisor does about it.

#include "io/kafka/error.hpp"
#include "io/pg/error.hpp"

#include <boost/system/result.hpp>

#include <string>

namespace tandem::engine {

enum class next_step {
    retry,       // again, after a pause
    again,       // again at once
    retry_text,  // again at once, with values as text
    retry_whole, // again at once, large transactions only when they have committed
    stopped,     // asked to
    gap,         // changes are missing: a person decides
    lost,        // the slot was invalidated
    fenced,      // another instance took over
    paused,      // a person has to look before it may go on
};

struct failure {
    next_step step = next_step::retry;
    std::string reason; // cause and cure, for status and log; no secrets, no row values
};

[[noreturn]] void throw_exception_from_error(failure const& failed,
                                             boost::source_location const& where);

template <class T>
using outcome_of = boost::system::result<T, failure>;

// The next try may do better: it is no property of the change.
[[nodiscard]] bool passes_by_itself(io::pg::error const& error) noexcept;

// "node a: reading the slot: <server's message>"
[[nodiscard]] failure retry_after(std::string const& node, std::string const& doing,
                                  io::pg::error const& error);
// "Kafka: creating topic chat.a: <reason> (NOT_ENOUGH_REPLICAS)"
[[nodiscard]] failure retry_after(std::string const& doing, io::kafka::error const& error);

} // namespace tandem::engine
