#include "io/pg/copy_between.hpp"

#include <optional>

namespace tandem::io::pg {
namespace {

constexpr std::size_t flush_at = std::size_t{1} << 18;

struct copy_row_deleter {
    void operator()(char* held) const noexcept { PQfreemem(held); }
};
using copy_row = std::unique_ptr<char, copy_row_deleter>;

// Sends the command and waits until its data can flow.
awaitable<result<void>> begin_copy(connection& at, std::string sql, ExecStatusType expected) {
    if (PQsendQuery(at.native(), sql.c_str()) == 0) {
        co_return at.last_error(errc::connection_lost);
    }
    auto begun = co_await at.next_result();
    if (!begun) {
        co_return begun.error();
    }
    auto const status = PQresultStatus(begun->get());
    if (status == expected) {
        co_return boost::system::in_place_value;
    }
    auto failed = connection::from_result(begun->get());
    for (;;) { // to the end of the command
        auto more = co_await at.next_result();
        if (!more || !*more) {
            break;
        }
    }
    co_return failed;
}

// The rows that the command touched.
awaitable<result<long long>> end_copy(connection& at) {
    result<long long> said = 0LL;
    for (;;) {
        auto got = co_await at.next_result();
        if (!got) {
            co_return got.error();
        }
        if (!*got) {
            co_return said;
        }
        if (PQresultStatus(got->get()) == PGRES_COMMAND_OK) {
            rows const done{std::move(*got)};
            said = done.affected();
        } else if (said) {
            said = connection::from_result(got->get());
        }
    }
}

// What arrives goes on until there is no more; nothing: all has come.
awaitable<result<void>> pass_on(connection& from, connection& to, std::uint64_t& bytes,
                                std::function<void(std::uint64_t)> const& progress) {
    std::size_t unsent = 0;
    for (;;) {
        char* buffer = nullptr;
        int const size = PQgetCopyData(from.native(), &buffer, 1);
        if (size > 0) {
            copy_row const row{buffer};
            if (PQputCopyData(to.native(), row.get(), size) != 1) {
                co_return to.last_error(errc::connection_lost);
            }
            bytes += static_cast<std::uint64_t>(size);
            unsent += static_cast<std::size_t>(size);
        }
        if (size < -1) {
            co_return from.last_error(errc::connection_lost);
        }
        if (unsent >= flush_at || (size <= 0 && unsent > 0)) {
            unsent = 0;
            auto sent = co_await to.flush();
            if (!sent) {
                co_return sent.error();
            }
            if (progress) {
                progress(bytes);
            }
        }
        if (size == -1) {
            co_return boost::system::in_place_value;
        }
        if (size == 0) {
            auto waited = co_await from.wait_readable();
            if (!waited) {
                co_return waited.error();
            }
        }
    }
}

} // namespace

awaitable<result<copied>> copy_between(connection& from, std::string out, connection& to,
                                       std::string in,
                                       std::function<void(std::uint64_t)> progress) {
    auto begun = co_await begin_copy(to, std::move(in), PGRES_COPY_IN);
    if (!begun) {
        co_return begun.error();
    }
    copied done;
    auto reading = co_await begin_copy(from, std::move(out), PGRES_COPY_OUT);
    bool const opened = reading.has_value();
    if (opened) {
        reading = co_await pass_on(from, to, done.bytes, progress);
    }
    if (opened && reading) {
        auto const read = co_await end_copy(from);
        if (!read) {
            reading = read.error();
        }
    }
    char const* const why = reading ? nullptr : "the source's rows ended early";
    if (PQputCopyEnd(to.native(), why) != 1) {
        co_return to.last_error(errc::connection_lost);
    }
    auto const written = co_await end_copy(to);
    if (!written && (reading || written.error().sqlstate != "57014")) {
        co_return written.error(); // also the cause where writing had failed first
    }
    if (!reading) {
        co_return reading.error();
    }
    done.rows = *written;
    co_return done;
}

} // namespace tandem::io::pg
