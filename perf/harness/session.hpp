// One connection to one database, one statement at a time.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::perf {

class sql_error : public std::runtime_error {
public:
    using runtime_error::runtime_error;
};

using row = std::vector<std::string>; // NULL is ""

struct pg_close {
    void operator()(PGconn* connection) const { PQfinish(connection); }
    void operator()(PGresult* result) const { PQclear(result); }
};
using pg_connection = std::unique_ptr<PGconn, pg_close>;
using pg_result = std::unique_ptr<PGresult, pg_close>;

// Connects under the harness's name; throws missing_environment.
[[nodiscard]] pg_connection open_connection(std::string const& uri, std::string const& name);

class session {
public:
    explicit session(std::string const& uri, std::string const& name = "tandem-perf");

    // Any number of statements, or one with parameters.
    void run(std::string const& statements);
    std::vector<row> rows(std::string const& statement,
                          std::vector<std::string> const& values = {});
    std::string value(std::string const& statement, std::vector<std::string> const& values = {});
    long long number(std::string const& statement, std::vector<std::string> const& values = {});

    [[nodiscard]] int backend() const { return PQbackendPID(connection_.get()); }
    [[nodiscard]] PGconn* raw() const { return connection_.get(); }

private:
    pg_connection connection_;
};

// The same server, another database.
[[nodiscard]] std::string with_database(std::string const& uri, std::string_view database);

} // namespace tandem::perf
