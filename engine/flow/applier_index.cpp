// CREATE INDEX CONCURRENTLY and its like (R18): between two transactions of the stream, so that nobody who writes to the
// table waits. What cannot be done so is left to the transaction that tells of it, which then says why.

#include "codecs/sql/ddl_statements.hpp"
#include "engine/core/failpoint.hpp"
#include "engine/ddl/concurrent.hpp"
#include "engine/flow/applier.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

namespace tandem::engine {
namespace {

constexpr int index_rounds_most = 4;

} // namespace

// An index that was not finished is in the way of the next attempt.
io::awaitable<applier::voided> applier::drop_remnants(ddl::object_change const& change) {
    auto asking = ask(ddl::invalid_remnants(change));
    auto const found = co_await std::move(asking);
    if (!found) {
        co_return found.error();
    }
    for (int row = 0; row < found->size(); ++row) {
        std::string const statement{found->text(row, 0)};
        auto dropped = co_await run_alone(statement);
        if (!dropped) {
            co_return dropped.error();
        }
        if (dropped->failed) {
            spdlog::warn("{}: {} failed: {}", link_.setup.target.name, statement,
                         dropped->failed->message);
        }
    }
    co_return boost::system::in_place_value;
}

// False: it failed, and trying again would not help.
io::awaitable<outcome_of<bool>> applier::index_alone(ddl::object_change const& change,
                                                     std::string const& statement) {
    for (;;) {
        auto cleared = co_await drop_remnants(change);
        if (!cleared) {
            co_return cleared.error();
        }
        crash_point("index_due");
        auto done = co_await run_alone(statement);
        if (!done) {
            co_return done.error();
        }
        crash_point("index_made");
        if (!done->failed) {
            spdlog::info("{} -> {}: {}", link_.setup.source.name, link_.setup.target.name,
                         statement);
            indexed_by_.push_back(statement);
            co_return true;
        }
        if (!passes_by_itself(*done->failed)) {
            auto again = co_await drop_remnants(change);
            if (!again) {
                co_return again.error();
            }
            spdlog::info("{} -> {}: {} failed ({})", link_.setup.source.name,
                         link_.setup.target.name, statement, done->failed->message);
            co_return false;
        }
        say_retrying(fmt::format("{} ({})", statement, done->failed->message));
        if (link_.stopping) {
            co_return failure{next_step::stopped, {}};
        }
        co_await pause(backoff_.next());
    }
}

io::awaitable<applier::voided> applier::index_outside(ddl::message const& told) {
    for (auto const& given : told.changes) {
        auto change = given;
        bool more = !change.after.is_null();
        for (int round = 0; more && round < index_rounds_most; ++round) {
            auto around = co_await look_around(change);
            if (!around) {
                co_return around.error();
            }
            if (round == 0 && (around->altered || ddl::misses_something(change, *around))) {
                ddl_outcome unsaid; // the transaction that tells of it says the same
                auto found = co_await look_where_it_is(change, *around, unsaid);
                if (!found) {
                    co_return found.error();
                }
                if (!*found) {
                    break;
                }
            }
            auto const decided = ddl::decide(change, *around);
            auto const statements = ddl::concurrent_part(decided);
            more = !statements.empty();
            for (auto const& statement : statements) {
                auto done = co_await index_alone(change, statement);
                if (!done) {
                    co_return done.error();
                }
                more = more && *done;
            }
        }
    }
    co_return boost::system::in_place_value;
}

// Of what `tandem table resume` asked for.
io::awaitable<applier::voided> applier::index_parked() {
    auto asking = ask(sql::parked_concurrently(link_.setup.source.name));
    auto const found = co_await std::move(asking);
    if (!found) {
        co_return found.error();
    }
    for (int row = 0; row < found->size(); ++row) {
        auto told = ddl::read_message(found->text(row, 0));
        if (!told) {
            continue; // the retry says so
        }
        auto done = co_await index_outside(*told);
        if (!done) {
            co_return done;
        }
    }
    co_return boost::system::in_place_value;
}

} // namespace tandem::engine
