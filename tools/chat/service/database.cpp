#include "tools/chat/service/database.hpp"

#include "io/pg/conninfo.hpp"
#include "io/runtime/deadline.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

namespace tandem::chat {
namespace {

using namespace std::chrono_literals;

constexpr auto place_patience = 5s;
constexpr auto answer_patience = 8s; // behind the server's own limit: it does not answer at all

refusal away(std::string const& message) {
    return {503, fmt::format("the database does not answer: {}; try again", message)};
}

} // namespace

class database::place {
public:
    explicit place(database& of) noexcept : of_{of} { ++of_.taken_; }
    ~place() {
        --of_.taken_;
        of_.give_back(std::move(link_));
    }
    place(place const&) = delete;
    place& operator=(place const&) = delete;

    void hold(link good) noexcept { link_ = std::move(good); }
    // Out of here while it is being used: what a cancelled question leaves behind is closed, not used again.
    [[nodiscard]] link take() noexcept { return std::move(link_); }

private:
    database& of_;
    link link_;
};

void database::give_back(link held) {
    if (held && held->healthy()) {
        idle_.push_back(std::move(held));
    }
    if (!waiting_.empty()) {
        waiting_.front()->notify();
        waiting_.pop_front();
    }
}

awaitable<bool> database::await_place() {
    auto const limit = io::event::clock::now() + place_patience;
    while (taken_ >= connections_most) {
        io::event freed{executor_};
        auto const own = waiting_.insert(waiting_.end(), &freed);
        struct leaving {
            std::list<io::event*>& list;
            io::event* own;
            ~leaving() { list.remove(own); }
        } const leave{waiting_, *own};
        bool const woken = co_await freed.wait_until(limit);
        if (!woken) {
            co_return false;
        }
    }
    co_return true;
}

awaitable<io::pg::result<database::link>> database::open() {
    io::pg::connect_options how;
    how.conninfo = conninfo_;
    how.parameters = {{"application_name", "tandem-chat"}};
    how.settings = {{"client_encoding", "UTF8"},
                    {"statement_timeout", "5000"},
                    {"lock_timeout", "3000"},
                    {"idle_in_transaction_session_timeout", "10000"}};
    how.timeout = 3s;
    co_return co_await io::pg::connection::open(executor_, std::move(how));
}

awaitable<io::pg::result<io::pg::rows>> database::try_once(std::string sql,
                                                           io::pg::parameters values) {
    place own{*this};
    link used;
    if (!idle_.empty()) {
        used = std::move(idle_.back());
        idle_.pop_back();
    } else {
        auto opened = co_await open();
        if (!opened) {
            co_return opened.error();
        }
        used = std::move(*opened);
    }
    bool late = false;
    io::deadline const limit{executor_, answer_patience, [&used, &late] {
                                 late = true;
                                 used->interrupt();
                             }};
    io::pg::result<io::pg::rows> got = io::pg::rows{};
    if (values.empty()) {
        got = co_await used->execute(std::move(sql));
    } else {
        got = co_await used->query(std::move(sql), std::move(values));
    }
    if (late) {
        io::pg::error silent;
        silent.code = io::pg::errc::timed_out;
        silent.message = fmt::format("no answer from {} within {} s",
                                     io::pg::conninfo_label(conninfo_), answer_patience.count());
        co_return silent;
    }
    bool const usable = got || got.error().code == io::pg::errc::server_error;
    if (usable) {
        own.hold(std::move(used));
    }
    co_return got;
}

awaitable<answer<io::pg::rows>> database::ask(std::string sql, io::pg::parameters values,
                                              std::string* sqlstate) {
    for (int attempt = 0;; ++attempt) {
        bool const free = co_await await_place();
        if (!free) {
            co_return refusal{503, "too much is asked of the database at once; try again"};
        }
        auto got = co_await try_once(sql, values);
        if (got) {
            co_return std::move(*got);
        }
        auto const& why = got.error();
        if (why.code == io::pg::errc::connection_lost && attempt == 0) {
            idle_.clear(); // they were lost with it
            continue;
        }
        if (why.code != io::pg::errc::server_error || why.sqlstate.starts_with("57P") ||
            why.classify() == io::pg::retry_class::transient) {
            co_return away(why.message);
        }
        if (sqlstate != nullptr) {
            *sqlstate = why.sqlstate;
        } else {
            spdlog::error("database: {} ({})", why.message, why.sqlstate);
        }
        co_return refusal{500, fmt::format("the database refuses: {}", why.message)};
    }
}

} // namespace tandem::chat
