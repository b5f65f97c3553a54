#pragma once
// What goes wrong with a PostgreSQL connection.

#include <boost/system/result.hpp>

#include <string>
#include <string_view>

namespace tandem::io::pg {

enum class errc {
    bad_conninfo,    // the connection string cannot be read; the message says how it should be
    connect_failed,  // no connection: refused, unknown host, wrong password, unknown database ...
    timed_out,       // a deadline passed
    cancelled,       // our own coroutine was cancelled while it waited
    connection_lost, // the connection broke while in use
    server_error,    // the server answered with an error; `sqlstate` says which
    protocol,        // libpq or the server did something this code does not expect
};

// Who can cure a failure, and when to try again. Decided from errc and SQLSTATE alone.
enum class retry_class {
    transient, // connection trouble, restart, deadlock, lock timeout, too many connections: again
    data,      // this statement's row or table is at fault (22, 23, 42 ...)
    operator_, // wrong password, missing privilege or object: a person has to act
};

// Copied out of libpq at once. `message` is the server's primary text, without connection strings
// and without the DETAIL line (it may quote row values); both are safe to log.
struct error {
    errc code = errc::protocol;
    std::string sqlstate; // five characters for server errors, else empty
    std::string message;
    std::string table;  // schema.table of a violated constraint, else empty
    std::string detail; // may quote row values: never logged, goes to tandem.parked only

    [[nodiscard]] retry_class classify() const noexcept;
};

[[noreturn]] void throw_exception_from_error(error const& failed,
                                             boost::source_location const& where);

template <class T>
using result = boost::system::result<T, error>;

} // namespace tandem::io::pg
