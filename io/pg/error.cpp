#include "io/pg/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace tandem::io::pg {

namespace {

template <std::size_t Count>
bool one_of(std::string_view value, std::array<std::string_view, Count> const& set) {
    return std::find(set.begin(), set.end(), value) != set.end();
}

// Full codes that differ from their class.
constexpr std::array<std::string_view, 3> transient_codes{
    "26000", // prepared statement unknown: a new connection prepares again
    "55006", // slot or origin still held by the session that is going away
    "55P03", // lock_timeout
};
constexpr std::array<std::string_view, 5> operator_codes{
    "3D000", // no such database
    "42501", // privilege
    "42704", // no such slot, publication, origin, role
    "57P04", // database dropped
    "55P02", // setting needs a restart
};
constexpr std::array<std::string_view, 7> transient_classes{
    "08", // connection
    "40", // rollback: deadlock, serialization
    "53", // resources: connections, disk, memory
    "57", // operator intervention: shutdown, starting up, cancelled
    "58", // input and output
    "72", // snapshot too old
    "25", // transaction state: a new session starts clean, a standby (25006) may be promoted
};
constexpr std::array<std::string_view, 4> operator_classes{
    "28", // authorization
    "55", // prerequisite state: wal_level, invalidated slot
    "F0", // configuration file
    "3F", // no such schema
};

retry_class classify_sqlstate(std::string_view state) {
    auto const group = state.substr(0, 2);
    if (one_of(state, transient_codes)) {
        return retry_class::transient;
    }
    if (one_of(state, operator_codes)) {
        return retry_class::operator_;
    }
    if (one_of(group, transient_classes)) {
        return retry_class::transient;
    }
    // All the rest is about one statement: values, constraints, limits, triggers' own codes.
    return one_of(group, operator_classes) ? retry_class::operator_ : retry_class::data;
}

} // namespace

retry_class error::classify() const noexcept {
    switch (code) {
    case errc::bad_conninfo:
        return retry_class::operator_;
    case errc::connect_failed:
    case errc::server_error:
        // A connect failure without SQLSTATE is the network's: refused, unknown host, reset.
        return sqlstate.size() == 5 ? classify_sqlstate(sqlstate) : retry_class::transient;
    case errc::timed_out:
    case errc::cancelled:
    case errc::connection_lost:
    case errc::protocol:
        return retry_class::transient;
    }
    return retry_class::transient;
}

void throw_exception_from_error(error const& failed, boost::source_location const& where) {
    throw std::runtime_error{
        fmt::format("{} ({}:{})", failed.message, where.file_name(), where.line())};
}

} // namespace tandem::io::pg
