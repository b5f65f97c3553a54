#pragma once
// A logical replication stream: START_REPLICATION and CopyBoth over one connection.
//
// The loop is "drain, then wait": libpq buffers input that epoll cannot see, so call try_next()
// until it yields nothing before awaiting wait().

#include "codecs/base/lsn.hpp"
#include "codecs/replication/frame.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/rate_gauge.hpp"

#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::io::pg {

// One CopyData message as libpq allocated it: the owner frees it, views into it die with it.
class copy_message {
public:
    copy_message() = default;
    copy_message(char* data, std::size_t size) noexcept : data_{data}, size_{size} {}
    [[nodiscard]] std::string_view view() const noexcept { return {data_.get(), size_}; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    // Gives the bytes up; the new owner frees them with PQfreemem().
    [[nodiscard]] char* release() noexcept { return data_.release(); }

private:
    struct free_mem {
        void operator()(char* held) const noexcept { PQfreemem(held); }
    };
    std::unique_ptr<char, free_mem> data_;
    std::size_t size_ = 0;
};

struct system_identity { // IDENTIFY_SYSTEM
    std::string system_id;
    int timeline = 0;
    lsn flushed;
    std::string database;
};

struct stream_options {
    std::string slot;
    lsn start;                             // zero: from the slot's confirmed position
    std::vector<std::string> publications; // names, quoted here
    bool binary = false;                   // 14+
    bool messages = false;                 // 14+
    bool origin_none = false;              // 16+
    bool streaming = false;                // 14+: large transactions in blocks while they are open
};

class replication_stream {
public:
    enum class next { message, nothing, ended };

    // `link` was opened with {"replication","database"}.
    explicit replication_stream(std::unique_ptr<connection> link);

    [[nodiscard]] awaitable<result<system_identity>> identify();
    [[nodiscard]] awaitable<result<void>> start(stream_options options);

    // Never suspends. `ended`: the server finished the stream or failed; why() says so.
    [[nodiscard]] next try_next(copy_message& received);
    [[nodiscard]] error why() const;
    // Until more input has arrived, or the connection was lost: then try_next() first gives what
    // came before. Fails only with errc::cancelled. At a high rate over a Unix socket it lets input
    // gather for a moment, so that the walsender need not wake us for every row: measured, it spends
    // 15 % less CPU per row and we half. Over loopback TCP a resting reader costs it 25 % more.
    // The same for `half`: what was taken is the beginning of something whose end is about to come.
    [[nodiscard]] awaitable<result<void>> wait(bool half = false);
    // Input comes at a high rate, as found by the last wait().
    [[nodiscard]] bool fast() const noexcept { return fast_; }
    // One standby status update. At most one send at a time; may run while another coroutine waits
    // in wait() (the only pair allowed).
    [[nodiscard]] awaitable<result<void>> send(replication::standby_status status);
    // Clean CopyDone: the server ends the walsender. Gives up silently after `limit`. Runs also in a
    // coroutine that has been cancelled; nobody may be in wait() or send().
    [[nodiscard]] awaitable<void> finish(std::chrono::milliseconds limit);

    [[nodiscard]] connection& link() noexcept { return *link_; }

private:
    next end_of_stream();
    [[nodiscard]] awaitable<void> drain_to_end();

    std::unique_ptr<connection> link_;
    asio::steady_timer pause_;
    bool gathers_;
    bool fast_ = false;
    rate_gauge rate_;
    error why_;
    std::size_t drained_bytes_ = 0; // since the last wait()
    bool lost_ = false;             // try_next() ends when libpq's buffer is empty
    bool ended_ = false;
};

// The text of START_REPLICATION for a server of that version: protocol 1, with streaming 2.
[[nodiscard]] std::string start_command(stream_options const& options, int server_version);

} // namespace tandem::io::pg
