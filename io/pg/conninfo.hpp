#pragma once
// What can be decided about connecting without a network. Pure, but for PGOPTIONS in the environment.
//
// A connection string may hold a password in places where its writer did not expect one to be read
// (postgresql://u:pa@ss@host), so nothing here ever quotes it.

#include "io/pg/error.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::io::pg {

// Why `conninfo` (URI or keyword form) is not usable, with the cure; nullopt when it is.
[[nodiscard]] std::optional<std::string> conninfo_problem(std::string const& conninfo);

// "localhost:5434/chat" for messages; "the server" when conninfo_problem() has something to say.
[[nodiscard]] std::string conninfo_label(std::string const& conninfo);

// libpq's `options`: what the conninfo (or else PGOPTIONS) says, then ours as "-c name=value".
[[nodiscard]] std::string startup_options(
    std::string const& conninfo, std::vector<std::pair<std::string, std::string>> const& settings);

// Where libpq was connecting to last: PQhost() and PQport().
struct endpoint {
    std::string host; // a directory for Unix sockets
    std::string port;
};
[[nodiscard]] std::string to_string(endpoint const& place); // "localhost:5434"

// Reads libpq's report of a failed connect, written with PQERRORS_VERBOSE: only that form carries
// the SQLSTATE. The report may tell of several addresses tried.
[[nodiscard]] error connect_error(std::string_view report, endpoint const& last);

} // namespace tandem::io::pg
