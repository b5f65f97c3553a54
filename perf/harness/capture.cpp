#include "perf/harness/capture.hpp"

#include "codecs/pgoutput/message.hpp"
#include "io/pg/replication_stream.hpp"
#include "perf/harness/clock.hpp"
#include "perf/harness/figures/schema.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <variant>

namespace tandem::perf {

namespace {

using io::awaitable;
using io::pg::copy_message;
using io::pg::replication_stream;
using namespace std::chrono_literals;

constexpr auto publication = "perf_capture";

// Counts the rows among what was received.
std::int64_t rows_in(copy_message const& received) {
    auto const frame = replication::decode_frame(received.view());
    if (!frame) {
        throw std::runtime_error("capture: " + frame.error().message());
    }
    auto const* const data = std::get_if<replication::xlog_data>(&*frame);
    if (data == nullptr) {
        return 0;
    }
    auto const message = pgoutput::decode(data->payload);
    if (!message) {
        throw std::runtime_error("capture: " + message.error().message());
    }
    return std::holds_alternative<pgoutput::insert>(*message) ? 1 : 0;
}

awaitable<void> read_rows(boost::asio::any_io_executor executor, std::string uri, std::string slot,
                          std::int64_t rows) {
    io::pg::connect_options how;
    how.conninfo = std::move(uri);
    how.parameters.emplace_back("replication", "database");
    auto opened = co_await io::pg::connection::open(executor, std::move(how));
    if (!opened) {
        throw std::runtime_error("capture: no replication connection");
    }
    replication_stream stream(std::move(*opened));
    io::pg::stream_options options;
    options.slot = std::move(slot);
    options.publications.emplace_back(publication);
    auto const started = co_await stream.start(std::move(options));
    if (!started) {
        throw std::runtime_error("capture: START_REPLICATION failed");
    }
    copy_message received;
    while (rows > 0) {
        auto const found = stream.try_next(received);
        if (found == replication_stream::next::message) {
            rows -= rows_in(received);
        } else if (found == replication_stream::next::ended) {
            throw std::runtime_error("capture: the stream ended");
        } else {
            auto const more = co_await stream.wait();
            if (!more) {
                throw std::runtime_error("capture: the stream was lost");
            }
        }
    }
    co_await stream.finish(5000ms);
}

double ours(std::string const& uri, std::string const& slot, std::int64_t rows) {
    double const began = monotonic_seconds();
    boost::asio::io_context context(1);
    auto done = boost::asio::co_spawn(context, read_rows(context.get_executor(), uri, slot, rows),
                                      boost::asio::use_future);
    context.run();
    done.get();
    return static_cast<double>(rows) / (monotonic_seconds() - began);
}

double theirs(std::string const& uri, std::string const& slot, std::string const& end,
              std::int64_t rows) {
    double const began = monotonic_seconds();
    run_program({server_programs() / "pg_recvlogical", "--dbname=" + uri, "--slot=" + slot,
                 "--start", "--file=/dev/null", "--no-loop", "--endpos=" + end,
                 "--option=proto_version=1",
                 fmt::format("--option=publication_names={}", publication)});
    return static_cast<double>(rows) / (monotonic_seconds() - began);
}

} // namespace

capture_rates measure_capture(masters& servers, std::int64_t rows, int pairs) {
    auto what = *find_profile("chat");
    what.rows_per_transaction = 100;
    auto const database = fmt::format("tandem_perf_{}_capture", getpid());
    servers.create_database(database);
    auto const uri = servers.uri(node_a, database);
    session own(uri);
    own.run(create_table(what, 0));
    own.run(fill_procedure(what, 1));
    own.run(fmt::format("CREATE PUBLICATION {} FOR TABLE {}", publication, what.table));
    auto const slot = [](char const* whose, int pair) {
        return fmt::format("perf_capture_{}_{}", whose, pair);
    };
    for (int pair = 0; pair < pairs; ++pair) {
        for (auto const* whose : {"ours", "theirs"}) {
            own.rows("SELECT pg_create_logical_replication_slot($1, 'pgoutput')",
                     {slot(whose, pair)});
        }
    }
    own.run("SET synchronous_commit = off");
    own.run(fmt::format("CALL perf_fill({}, {}, 0)", first_row(node_a), rows));
    own.run(
        "SET synchronous_commit = on; SELECT pg_logical_emit_message(true, 'tandem-perf', '')"); // all of it is durable
    auto const end = own.value("SELECT pg_current_wal_flush_lsn()");
    capture_rates found;
    for (int pair = 0; pair < pairs; ++pair) {
        for (bool const own_turn : {pair % 2 == 0, pair % 2 != 0}) {
            if (own_turn) {
                found.ours_rows_per_s.push_back(ours(uri, slot("ours", pair), rows));
            } else {
                found.theirs_rows_per_s.push_back(theirs(uri, slot("theirs", pair), end, rows));
            }
        }
        say(fmt::format("capture: ours {:.0f}, pg_recvlogical {:.0f} rows/s",
                        found.ours_rows_per_s.back(), found.theirs_rows_per_s.back()));
    }
    servers.drop_database(database);
    return found;
}

} // namespace tandem::perf
