#include "perf/harness/session.hpp"

#include "perf/harness/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <poll.h>
#include <utility>

namespace tandem::perf {

namespace {

void ignore_notice(void*, PGresult const*) {}

std::string trimmed(char const* message) {
    std::string text = message;
    while (!text.empty() && text.back() == '\n') {
        text.pop_back();
    }
    return text;
}

void check(PGresult const* result, std::string const& statement) {
    auto const status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
        throw sql_error(fmt::format("{} in: {}", trimmed(PQresultErrorMessage(result)),
                                    statement.substr(0, 200)));
    }
}

// The last result of what was sent; a signal ends the waiting.
pg_result answer_of(PGconn* connection) {
    pg_result last;
    for (;;) {
        while (PQisBusy(connection) != 0) {
            pollfd readable{PQsocket(connection), POLLIN, 0};
            poll(&readable, 1, 200);
            check_interrupted();
            if (PQconsumeInput(connection) == 0) {
                throw sql_error(trimmed(PQerrorMessage(connection)));
            }
        }
        pg_result next(PQgetResult(connection));
        if (!next) {
            return last;
        }
        bool const failed = last && PQresultStatus(last.get()) == PGRES_FATAL_ERROR;
        if (!failed) {
            last = std::move(next);
        }
    }
}

} // namespace

pg_connection open_connection(std::string const& uri, std::string const& name) {
    char const* const keys[] = {"dbname", "application_name", nullptr};
    char const* const values[] = {uri.c_str(), name.c_str(), nullptr};
    pg_connection found(PQconnectdbParams(keys, values, 1));
    if (PQstatus(found.get()) != CONNECTION_OK) {
        throw missing_environment(trimmed(PQerrorMessage(found.get())));
    }
    PQsetNoticeReceiver(found.get(), ignore_notice, nullptr);
    return found;
}

session::session(std::string const& uri, std::string const& name)
    : connection_(open_connection(uri, name)) {}

void session::run(std::string const& statements) {
    if (PQsendQuery(raw(), statements.c_str()) == 0) {
        throw sql_error(trimmed(PQerrorMessage(raw())));
    }
    auto const result = answer_of(raw());
    check(result.get(), statements);
}

std::vector<row> session::rows(std::string const& statement,
                               std::vector<std::string> const& values) {
    std::vector<char const*> pointers;
    for (auto const& each : values) {
        pointers.push_back(each.c_str());
    }
    if (PQsendQueryParams(raw(), statement.c_str(), static_cast<int>(values.size()), nullptr,
                          pointers.data(), nullptr, nullptr, 0) == 0) {
        throw sql_error(trimmed(PQerrorMessage(raw())));
    }
    auto const result = answer_of(raw());
    check(result.get(), statement);
    std::vector<row> found(static_cast<std::size_t>(PQntuples(result.get())));
    for (int at = 0; at < PQntuples(result.get()); ++at) {
        for (int column = 0; column < PQnfields(result.get()); ++column) {
            found[static_cast<std::size_t>(at)].emplace_back(PQgetvalue(result.get(), at, column));
        }
    }
    return found;
}

std::string session::value(std::string const& statement, std::vector<std::string> const& values) {
    auto found = rows(statement, values);
    if (found.empty() || found[0].empty()) {
        throw sql_error("no row from: " + statement.substr(0, 200));
    }
    return found[0][0];
}

long long session::number(std::string const& statement, std::vector<std::string> const& values) {
    return std::stoll(value(statement, values));
}

std::string with_database(std::string const& uri, std::string_view database) {
    auto const scheme = uri.find("://");
    if (scheme == uri.npos) {
        return fmt::format("{} dbname={}", uri, database);
    }
    auto const path = uri.find('/', scheme + 3);
    auto const query = uri.find('?', scheme + 3);
    std::string const authority = uri.substr(0, std::min(path, query));
    return fmt::format("{}/{}{}", authority, database, query == uri.npos ? "" : uri.substr(query));
}

} // namespace tandem::perf
