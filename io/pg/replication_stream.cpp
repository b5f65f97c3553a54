#include "io/pg/replication_stream.hpp"

#include "codecs/sql/quote.hpp"
#include "io/runtime/deadline.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

namespace tandem::io::pg {

namespace {

constexpr int read_size = 512 << 10; // bytes that one read takes at most, about

constexpr int version_14 = 140000;
constexpr int version_16 = 160000;

// A Unix socket holds only some 350 small messages: with more than a quarter of a millisecond the
// walsender stands still.
constexpr std::chrono::microseconds gathering_pause{250};

error make_error(errc code, std::string message) {
    error failed;
    failed.code = code;
    failed.message = std::move(message);
    return failed;
}

// Inside the option's literal stands a list of identifiers: '"a","b"'.
std::string publication_list(std::vector<std::string> const& names) {
    std::string list;
    for (auto const& name : names) {
        list += list.empty() ? "" : ",";
        list += sql::identifier(name);
    }
    return sql::literal(list);
}

} // namespace

std::string start_command(stream_options const& options, int server_version) {
    bool const streaming = options.streaming && server_version >= version_14;
    auto command = fmt::format(
        "START_REPLICATION SLOT {} LOGICAL {} (proto_version '{}', publication_names {}",
        sql::identifier(options.slot), to_string(options.start), streaming ? 2 : 1,
        publication_list(options.publications));
    if (streaming) {
        command += ", streaming 'on'";
    }
    if (options.binary && server_version >= version_14) {
        command += ", binary 'true'";
    }
    if (options.messages && server_version >= version_14) {
        command += ", messages 'true'";
    }
    if (options.origin_none && server_version >= version_16) {
        command += ", origin 'none'";
    }
    return command + ")";
}

replication_stream::replication_stream(std::unique_ptr<connection> link)
    : link_{std::move(link)}, pause_{link_->executor()}, gathers_{link_->over_unix_socket()} {}

awaitable<result<system_identity>> replication_stream::identify() {
    auto const answer = co_await link_->execute("IDENTIFY_SYSTEM");
    if (!answer) {
        co_return answer.error();
    }
    auto const flushed = answer->empty() ? std::nullopt : lsn::parse(answer->text(0, 2));
    if (!flushed) {
        co_return make_error(errc::protocol, "IDENTIFY_SYSTEM gave no position");
    }
    system_identity found;
    found.system_id = answer->text(0, 0);
    found.timeline = static_cast<int>(answer->integer(0, 1));
    found.flushed = *flushed;
    found.database = answer->text(0, 3);
    co_return found;
}

awaitable<result<void>> replication_stream::start(stream_options options) {
    // libpq reads as much as its buffer holds, 16 KB at first, and never makes it smaller again: one long
    // value makes it read a busy stream in large pieces, with a fraction of the system calls.
    auto const widened =
        co_await link_->execute("SELECT pg_catalog.repeat(' ', " + std::to_string(read_size) + ")");
    if (!widened) {
        co_return widened.error();
    }
    auto const command = start_command(options, link_->server_version());
    if (PQsendQuery(link_->native(), command.c_str()) == 0) {
        co_return link_->last_error(errc::connection_lost);
    }
    auto first = co_await link_->next_result();
    if (!first) {
        co_return first.error();
    }
    if (PQresultStatus(first->get()) == PGRES_COPY_BOTH) {
        co_return boost::system::in_place_value;
    }
    auto const failed = PQresultStatus(first->get()) == PGRES_FATAL_ERROR
                            ? connection::from_result(first->get())
                            : make_error(errc::protocol, "START_REPLICATION opened no stream");
    while (*first) { // up to the empty handle, so that the connection can be used again
        first = co_await link_->next_result();
        if (!first) {
            break;
        }
    }
    co_return failed;
}

replication_stream::next replication_stream::try_next(copy_message& received) {
    if (ended_) {
        return next::ended;
    }
    char* data = nullptr;
    int const size = PQgetCopyData(link_->native(), &data, 1);
    if (size > 0) {
        received = copy_message{data, static_cast<std::size_t>(size)};
        drained_bytes_ += static_cast<std::size_t>(size);
        return next::message;
    }
    if (size == 0 && !lost_) {
        return next::nothing;
    }
    ended_ = true;
    if (size == -1) {
        return end_of_stream();
    }
    if (size == -2) { // refused by libpq: not copying, or out of memory
        why_ = link_->last_error(errc::connection_lost);
    }
    return next::ended;
}

// The message that ended the stream is complete in libpq's buffer, so PQgetResult does not block.
replication_stream::next replication_stream::end_of_stream() {
    result_handle const last{PQgetResult(link_->native())};
    if (last && PQresultStatus(last.get()) == PGRES_FATAL_ERROR) {
        why_ = connection::from_result(last.get());
    } else {
        why_ = make_error(errc::connection_lost,
                          "the server ended the replication stream (it is shutting down)");
    }
    return next::ended;
}

error replication_stream::why() const {
    return why_;
}

awaitable<result<void>> replication_stream::wait(bool half) {
    bool gathered = false;
    fast_ = rate_.note(std::exchange(drained_bytes_, 0), std::chrono::steady_clock::now());
    if ((fast_ || half) && gathers_ && link_->mute()) {
        pause_.expires_after(gathering_pause);
        auto const [cancelled] = co_await pause_.async_wait(use_tuple);
        link_->unmute();
        if (cancelled) {
            co_return make_error(errc::cancelled, "the wait for the stream was cancelled");
        }
        gathered = link_->readable();
    }
    result<void> arrived{boost::system::in_place_value};
    if (gathered) {
        arrived = link_->take_input();
    } else {
        arrived = co_await link_->wait_readable();
    }
    if (!arrived && arrived.error().code != errc::cancelled) {
        lost_ = true;
        why_ = arrived.error();
        co_return boost::system::in_place_value;
    }
    co_return arrived;
}

awaitable<result<void>> replication_stream::send(replication::standby_status status) {
    auto const encoded = replication::encode(status);
    for (;;) {
        int const queued =
            PQputCopyData(link_->native(), encoded.data(), static_cast<int>(encoded.size()));
        if (queued < 0) {
            co_return link_->last_error(errc::connection_lost);
        }
        auto const sent = co_await link_->flush();
        if (!sent || queued == 1) {
            co_return sent;
        }
    }
}

awaitable<void> replication_stream::finish(std::chrono::milliseconds limit) {
    bool const throwing = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    if (!ended_ && !lost_ && link_->healthy()) {
        deadline const given_up{link_->executor(), limit, [this] { link_->interrupt(); }};
        co_await drain_to_end();
    }
    ended_ = true;
    co_await asio::this_coro::throw_if_cancelled(throwing);
}

// Until the server has answered our CopyDone with its own, or nothing more can be expected.
awaitable<void> replication_stream::drain_to_end() {
    if (PQputCopyEnd(link_->native(), nullptr) < 0) {
        co_return;
    }
    auto moving = co_await link_->flush();
    copy_message dropped;
    while (moving) {
        auto const found = try_next(dropped);
        if (found == next::nothing) {
            moving = co_await link_->wait_readable();
        } else if (found == next::ended) {
            break;
        }
    }
    while (moving) { // CommandComplete and ReadyForQuery
        auto const rest = co_await link_->next_result();
        if (!rest || !*rest) {
            break;
        }
    }
}

} // namespace tandem::io::pg
