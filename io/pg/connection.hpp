#pragma once
// One PostgreSQL connection driven by coroutines.
//
// Non-blocking libpq on an Asio stream descriptor. One coroutine at a time may use a connection (but
// for the pair of building blocks named below); it lives on the executor it was opened on and must
// outlive every pending operation. The destructor closes the socket at once, without waiting.
// An operation that ends with errc::cancelled leaves its statement running: only close it then.
// Asio watches a duplicate of the descriptor: libpq closes its own whenever it meets an error, and a
// number that has been closed and used again would take another connection's events away.
// libpq: https://www.postgresql.org/docs/15/libpq-async.html

#include "io/pg/error.hpp"
#include "io/runtime/awaitable.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::io::pg {

struct connect_options {
    std::string conninfo; // URI or keyword form; may hold a password and is never logged
    // Added after the conninfo's own: e.g. {"application_name","tandem"}, {"replication","database"}.
    std::vector<std::pair<std::string, std::string>> parameters;
    // Session settings for the startup packet: {"DateStyle","ISO"} ... escaped into libpq's `options`.
    std::vector<std::pair<std::string, std::string>> settings;
    std::chrono::milliseconds timeout{10'000};
};

struct result_deleter {
    void operator()(PGresult* held) const noexcept { PQclear(held); }
};
using result_handle = std::unique_ptr<PGresult, result_deleter>;

// The rows of one statement in text form. Views are valid as long as the rows object.
class rows {
public:
    rows() = default;
    explicit rows(result_handle held) noexcept : held_{std::move(held)} {}

    [[nodiscard]] int size() const noexcept { return held_ ? PQntuples(held_.get()) : 0; }
    [[nodiscard]] int columns() const noexcept { return held_ ? PQnfields(held_.get()) : 0; }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    [[nodiscard]] bool null(int row, int column) const noexcept;
    // Empty for null.
    [[nodiscard]] std::string_view text(int row, int column) const noexcept;
    [[nodiscard]] std::optional<std::string> optional(int row, int column) const;
    [[nodiscard]] long long integer(int row, int column) const noexcept; // 0 for null or no number
    [[nodiscard]] bool boolean(int row, int column) const noexcept;      // 't'
    // Rows the command touched ("INSERT 0 5" gives 5), 0 where the command has no count.
    [[nodiscard]] long long affected() const noexcept;

private:
    result_handle held_;
};

// One parameter's value; what it points to is copied when it is sent.
struct param {
    char const* data = nullptr; // nullptr: NULL; text form must end with a zero byte
    int length = 0;             // of the binary form
    bool binary = false;
};

using parameters = std::vector<std::optional<std::string>>; // text form, nullopt = NULL

class connection {
public:
    // Connects, trying each address libpq knows, within options.timeout over all of them. On failure
    // the message names host and port ("Connection to localhost:5434 refused"), never the password.
    // Names are looked up by libpq with getaddrinfo(), which blocks the thread.
    [[nodiscard]] static awaitable<result<std::unique_ptr<connection>>> open(
        asio::any_io_executor executor, connect_options options);

    ~connection();
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;

    // One or several statements by the simple protocol; the rows of the last. On an error the rest
    // of the text was not run.
    [[nodiscard]] awaitable<result<rows>> execute(std::string sql);
    // One statement with text parameters by the extended protocol.
    [[nodiscard]] awaitable<result<rows>> query(std::string sql, parameters values);
    // The same with parameters of either form, which are sent before it first suspends; `binary`: rows in binary form.
    [[nodiscard]] awaitable<result<rows>> query(std::string const& sql,
                                                std::span<param const> values, bool binary);

    // One COPY ... FROM STDIN with its data, in the form that it names.
    [[nodiscard]] awaitable<result<rows>> copy_in(std::string sql, std::string_view data);

    // Asks the server to cancel the running statement; the answer is that statement's error 57014,
    // or nothing when it had ended. libpq 15 can only do this by blocking, so PQcancel runs on a
    // detached thread that owns a copy of the cancel key and touches nothing of this object.
    void request_cancel();
    // Ends every pending wait on this connection with errc::cancelled; for deadlines.
    void interrupt();

    [[nodiscard]] int server_version() const noexcept;           // 150020 for 15.20
    [[nodiscard]] std::string parameter(char const* name) const; // e.g. "server_encoding"
    // False when libpq knows that the connection is gone. It has then also forgotten which commands
    // were running and takes a RowDescription left in its buffer for the answer to a Describe, with
    // PGRES_COMMAND_OK: of results taken after the loss only errors are true.
    [[nodiscard]] bool healthy() const noexcept;
    [[nodiscard]] int backend_pid() const noexcept;
    [[nodiscard]] bool over_unix_socket() const noexcept;

    // Building blocks for replication_stream and pipeline_session. One coroutine may be inside
    // wait_readable() while another is inside flush(); no other pair may overlap.
    [[nodiscard]] PGconn* native() noexcept { return handle_.get(); }
    [[nodiscard]] asio::any_io_executor executor() { return socket_.get_executor(); }
    // Suspends until the socket is readable, then takes in what is there (PQconsumeInput). Returns
    // at once when flush() has taken input in since the last call. After connection_lost, what came
    // before the loss is still in libpq's buffer.
    [[nodiscard]] awaitable<result<void>> wait_readable();
    // PQconsumeInput, a few times if the socket has that much: for COPY. Never suspends.
    [[nodiscard]] result<void> take_input();
    // Whether something waits in the socket (not what is in libpq's buffer already).
    [[nodiscard]] bool readable() const noexcept;
    // While muted, input wakes nobody: epoll would otherwise end the loop's rest for every message
    // that arrives, wanted or not. False, and no effect, while another coroutine waits in flush().
    [[nodiscard]] bool mute();
    void unmute();
    // Sends what libpq has buffered. Takes in input while it waits, so that it cannot deadlock with
    // a server that waits for us to read; a coroutine inside wait_readable() does that in its place.
    [[nodiscard]] awaitable<result<void>> flush();
    // The next result of the running command, an empty handle at its end.
    [[nodiscard]] awaitable<result<result_handle>> next_result();
    // Lets a coroutine in wait_readable() return: libpq may have read its input while sending.
    void wake_reader();
    // The connection's last error, copied; server results have their own overload.
    [[nodiscard]] error last_error(errc code) const;
    [[nodiscard]] static error from_result(PGresult const* failed);

private:
    enum class ready { read, write, either };

    connection(asio::any_io_executor const& executor, PGconn* handle);
    [[nodiscard]] awaitable<result<void>> finish_connecting(std::chrono::milliseconds timeout);
    [[nodiscard]] awaitable<result<rows>> collect();
    [[nodiscard]] awaitable<boost::system::error_code> wait_for(ready what);
    [[nodiscard]] bool watch_socket();
    void watch(int descriptor);
    [[nodiscard]] error lost();

    struct finish_handle {
        void operator()(PGconn* held) const noexcept { PQfinish(held); }
    };
    std::unique_ptr<PGconn, finish_handle> handle_;
    asio::posix::stream_descriptor socket_; // a duplicate of libpq's, closed before it
    int muted_ = -1;                        // the duplicate while Asio does not watch it
    bool reading_ = false;                  // a coroutine is inside wait_readable()
    bool interrupted_ = false;              // while muted
    bool sending_ = false;                  // a coroutine is inside flush() and waits
    bool input_taken_ = false;              // by flush(), unseen by wait_readable()
};

} // namespace tandem::io::pg
