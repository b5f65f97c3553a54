#include "perf/harness/sink_peers.hpp"

#include "perf/harness/clock.hpp"
#include "perf/harness/figures/schema.hpp"
#include "perf/harness/processes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>
#include <unistd.h>

namespace tandem::perf {

namespace {

constexpr int rows_per_commit = 1000;
constexpr int columns = 7;

double backend_cpu(session const& own) {
    auto const used = process_cpu_seconds(own.backend());
    if (!used) {
        throw missing_environment("the backend is not on this machine: its CPU time can't be read");
    }
    return *used;
}

void check_result(PGresult const* result, ExecStatusType wanted) {
    if (PQresultStatus(result) != wanted) {
        throw sql_error(fmt::format("{}: {}", PQresStatus(PQresultStatus(result)),
                                    PQresultErrorMessage(result)));
    }
}

void check_result(pg_result const& result, ExecStatusType wanted) {
    check_result(result.get(), wanted);
}

// The table's rows as COPY writes them.
std::vector<std::string> rows_as_text(session& from, std::string const& table) {
    std::vector<std::string> found;
    PGconn* const raw = from.raw();
    check_result(
        pg_result(PQexec(
            raw, fmt::format("COPY (SELECT * FROM {} ORDER BY id) TO STDOUT", table).c_str())),
        PGRES_COPY_OUT);
    char* line = nullptr;
    for (int size; (size = PQgetCopyData(raw, &line, 0)) > 0;) {
        found.emplace_back(line, static_cast<std::size_t>(size));
        PQfreemem(line);
    }
    check_result(pg_result(PQgetResult(raw)), PGRES_COMMAND_OK);
    while (pg_result more{PQgetResult(raw)}) {
    }
    return found;
}

double copy(session& to, std::string const& table, std::vector<std::string> const& rows) {
    PGconn* const raw = to.raw();
    double const before = backend_cpu(to);
    check_result(pg_result(PQexec(raw, fmt::format("COPY {} FROM STDIN", table).c_str())),
                 PGRES_COPY_IN);
    for (auto const& each : rows) {
        if (PQputCopyData(raw, each.data(), static_cast<int>(each.size())) != 1) {
            throw sql_error(PQerrorMessage(raw));
        }
    }
    if (PQputCopyEnd(raw, nullptr) != 1) {
        throw sql_error(PQerrorMessage(raw));
    }
    check_result(pg_result(PQgetResult(raw)), PGRES_COMMAND_OK);
    while (pg_result more{PQgetResult(raw)}) {
    }
    return backend_cpu(to) - before;
}

std::array<std::string, columns> fields_of(std::string_view line) {
    std::array<std::string, columns> found;
    std::size_t at = 0;
    for (char const each : line.substr(0, line.size() - 1)) {
        if (each == '\t') {
            ++at;
        } else {
            found.at(at) += each; // chat rows have nothing that COPY escapes
        }
    }
    return found;
}

// Takes the answers of so many statements and of the end of their transaction.
void take_answers(PGconn* from, int statements) {
    for (int ends = 0; ends == 0;) {
        pg_result const result(PQgetResult(from));
        if (!result) {
            continue; // the end of one statement
        }
        if (PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC) {
            ++ends;
        } else {
            check_result(result.get(), PGRES_COMMAND_OK);
            --statements;
        }
    }
    if (statements != 0) {
        throw sql_error("not every upsert was answered");
    }
}

double upsert(session& to, std::string const& table, std::vector<std::string> const& rows) {
    to.run(fmt::format(
        "PREPARE put(bigint, int, text, text, timestamptz, int, jsonb) AS INSERT INTO {} VALUES "
        "($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET room_id = excluded.room_id, "
        "user_id = excluded.user_id, body = excluded.body, sent_at = excluded.sent_at, "
        "likes = excluded.likes, meta = excluded.meta",
        table));
    PGconn* const raw = to.raw();
    double const before = backend_cpu(to);
    if (PQenterPipelineMode(raw) != 1) {
        throw sql_error(PQerrorMessage(raw));
    }
    for (std::size_t first = 0; first < rows.size(); first += rows_per_commit) {
        auto const end = std::min(rows.size(), first + rows_per_commit);
        for (std::size_t at = first; at < end; ++at) {
            auto const fields = fields_of(rows[at]);
            std::array<char const*, columns> pointers{};
            std::ranges::transform(fields, pointers.begin(),
                                   [](std::string const& each) { return each.c_str(); });
            if (PQsendQueryPrepared(raw, "put", columns, pointers.data(), nullptr, nullptr, 0) !=
                1) {
                throw sql_error(PQerrorMessage(raw));
            }
        }
        if (PQpipelineSync(raw) != 1) {
            throw sql_error(PQerrorMessage(raw));
        }
        take_answers(raw, static_cast<int>(end - first));
    }
    PQexitPipelineMode(raw);
    return backend_cpu(to) - before;
}

} // namespace

sink_costs measure_sink_peers(masters& servers, std::int64_t rows) {
    auto what = *find_profile("chat");
    what.rows_per_transaction = 100;
    auto const database = fmt::format("tandem_perf_{}_sinks", getpid());
    servers.create_database(database);
    session from(servers.uri(node_a, database));
    session to(servers.uri(node_b, database));
    from.run(create_table(what, 0));
    from.run(fill_procedure(what, 1));
    from.run("SET synchronous_commit = off");
    from.run(fmt::format("CALL perf_fill({}, {}, 0)", first_row(node_a), rows));
    auto const lines = rows_as_text(from, what.table);
    to.run("SET synchronous_commit = off");
    sink_costs found;
    auto const per_row = [&](double seconds) { return seconds / static_cast<double>(rows) * 1e6; };
    auto const content = fmt::format(
        "SELECT count(*), sum(hashtextextended(t::text, 0)::numeric) FROM {} AS t", what.table);
    auto const wanted = from.rows(content);
    for (bool const copied : {true, false}) {
        to.run(fmt::format("DROP TABLE IF EXISTS {}", what.table));
        to.run(create_table(what, 0));
        to.run("CHECKPOINT");
        (copied ? found.copy_us_per_row : found.pipelined_us_per_row) =
            per_row(copied ? copy(to, what.table, lines) : upsert(to, what.table, lines));
        if (to.rows(content) != wanted) {
            throw std::runtime_error("the rows that were written in another way differ");
        }
    }
    servers.drop_database(database);
    return found;
}

} // namespace tandem::perf
