#pragma once
// Statements sent without waiting for each other's results (libpq's pipeline mode).
//
// Everything sent is answered by exactly one outcome, in the order of sending. After a statement
// failed, those behind it up to the next sync are `aborted` without having run.
// One coroutine may send (send_*, sync, flush) while another takes results (try_result, next_result):
// both on the connection's executor. Nothing else may overlap. The session owns the connection; a
// result<> that failed means that the connection is gone or, after errc::cancelled, must be dropped.
// libpq: https://www.postgresql.org/docs/15/libpq-pipeline-mode.html

#include "codecs/base/lsn.hpp"
#include "io/pg/connection.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::io::pg {

struct outcome {
    enum class kind {
        ok,      // a command without rows
        rows,    // `data` holds them
        error,   // `why` says it
        aborted, // not run: an earlier statement before the same sync failed
        sync,    // the transaction's end was reached, the server is ready for the next
    };
    kind what = kind::ok;
    rows data; // also of `ok`: affected()
    error why;
};

class pipeline_session {
public:
    explicit pipeline_session(std::unique_ptr<connection> link) noexcept : link_{std::move(link)} {}

    // Into pipeline mode and out of it; out only when every outcome has been taken.
    [[nodiscard]] result<void> enter();
    [[nodiscard]] result<void> exit();

    // These queue in libpq's buffer, which sends 64 KiB at a time when the socket takes them and grows
    // otherwise: call flush() between large statements. The text holds exactly one statement.
    [[nodiscard]] result<void> send_query(std::string_view sql);
    [[nodiscard]] result<void> send_prepare(std::string_view name, std::string_view sql,
                                            std::span<oid const> types);
    // `binary`: its rows come in binary form.
    [[nodiscard]] result<void> send_prepared(std::string_view name, std::span<param const> values,
                                             bool binary = false);
    // Ends an implicit transaction and, after an error, the skipping of statements.
    [[nodiscard]] result<void> sync();
    // Sends all that is queued, taking results in meanwhile.
    [[nodiscard]] awaitable<result<void>> flush();

    // Outcomes still to come.
    [[nodiscard]] std::size_t pending() const noexcept { return pending_; }
    // Never suspends; false when no outcome is there yet, and once the connection is lost: what has
    // not been answered by then may have happened or not. An error with errc::protocol (COPY) leaves
    // the session unusable.
    [[nodiscard]] bool try_result(outcome& taken);
    // Waits for one; the caller knows that something is pending and has been (or is being) flushed.
    [[nodiscard]] awaitable<result<outcome>> next_result();

    // One COPY ... FROM STDIN, for which the session leaves pipeline mode: nothing may be pending, and
    // nothing else be sent before finish_copy() has returned. `sql` may hold other statements before
    // and behind the COPY (simple query protocol). ask_copy() sends it as far as the socket takes it;
    // copy_wanted() returns when the server wants the data, and what can be done meanwhile should be.
    // An error of the server's leaves the session in pipeline mode again. `said`: the last rows before the COPY, if any.
    [[nodiscard]] result<void> ask_copy(std::string const& sql);
    [[nodiscard]] awaitable<result<void>> copy_wanted(rows& said);
    // All of the data; queued as the send_* calls are.
    [[nodiscard]] result<void> put_copy(std::string_view data);
    // Sends what is queued and takes the results of the rest of `sql`: the first error, if any. In
    // pipeline mode again.
    [[nodiscard]] awaitable<result<void>> finish_copy();

    [[nodiscard]] connection& link() noexcept { return *link_; }

private:
    [[nodiscard]] result<void> sent(int accepted);

    std::unique_ptr<connection> link_;
    std::size_t pending_ = 0;
    bool statement_open_ = false; // its result was taken, the empty one behind it not yet
    std::string name_;            // zero-ended copies, reused
    std::string sql_;
    std::vector<char const*> values_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
    std::vector<Oid> types_;
};

} // namespace tandem::io::pg
