#include "io/pg/pipeline_session.hpp"

#include "codecs/base/assert.hpp"

#include <optional>

namespace tandem::io::pg {

namespace {
constexpr std::size_t copy_message_most = std::size_t{1} << 20; // the server refuses 1 GB
} // namespace

result<void> pipeline_session::enter() {
    if (PQenterPipelineMode(link_->native()) == 0) {
        return link_->last_error(errc::connection_lost);
    }
    return boost::system::in_place_value;
}

result<void> pipeline_session::exit() {
    outcome none;
    TANDEM_ASSERT(pending_ == 0);
    static_cast<void>(try_result(none)); // takes the empty result behind the last one
    if (PQexitPipelineMode(link_->native()) == 0) {
        return link_->last_error(errc::connection_lost);
    }
    return boost::system::in_place_value;
}

result<void> pipeline_session::sent(int accepted) {
    if (accepted == 0) {
        return link_->last_error(errc::connection_lost);
    }
    ++pending_;
    return boost::system::in_place_value;
}

result<void> pipeline_session::send_query(std::string_view sql) {
    sql_ = sql;
    return sent(
        PQsendQueryParams(link_->native(), sql_.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0));
}

result<void> pipeline_session::send_prepare(std::string_view name, std::string_view sql,
                                            std::span<oid const> types) {
    name_ = name;
    sql_ = sql;
    types_.clear();
    for (auto const type : types) {
        types_.push_back(type.value);
    }
    return sent(PQsendPrepare(link_->native(), name_.c_str(), sql_.c_str(),
                              static_cast<int>(types_.size()), types_.data()));
}

result<void> pipeline_session::send_prepared(std::string_view name, std::span<param const> values,
                                             bool binary) {
    name_ = name;
    values_.clear();
    lengths_.clear();
    formats_.clear();
    for (auto const& one : values) {
        values_.push_back(one.data);
        lengths_.push_back(one.length);
        formats_.push_back(one.binary ? 1 : 0);
    }
    return sent(PQsendQueryPrepared(link_->native(), name_.c_str(),
                                    static_cast<int>(values_.size()), values_.data(),
                                    lengths_.data(), formats_.data(), binary ? 1 : 0));
}

result<void> pipeline_session::sync() {
    return sent(PQpipelineSync(link_->native()));
}

awaitable<result<void>> pipeline_session::flush() {
    auto const done = co_await link_->flush();
    // The send_* calls read as well when the socket is full, and epoll tells nobody about it.
    if (done && pending_ != 0 && PQisBusy(link_->native()) == 0) {
        link_->wake_reader();
    }
    co_return done;
}

bool pipeline_session::try_result(outcome& taken) {
    while ((pending_ != 0 || statement_open_) && PQisBusy(link_->native()) == 0) {
        if (!link_->healthy()) {
            return false; // libpq no longer knows which answer belongs to which statement
        }
        result_handle found{PQgetResult(link_->native())};
        if (!found) {
            if (!statement_open_) {
                return false; // nothing has come yet for the next statement
            }
            statement_open_ = false;
            continue;
        }
        auto const status = PQresultStatus(found.get());
        statement_open_ = status != PGRES_PIPELINE_SYNC;
        TANDEM_ASSERT(pending_ != 0);
        --pending_;
        taken.why = error{};
        switch (status) {
        case PGRES_PIPELINE_SYNC:
            taken.what = outcome::kind::sync;
            break;
        case PGRES_PIPELINE_ABORTED:
            taken.what = outcome::kind::aborted;
            break;
        case PGRES_TUPLES_OK:
            taken.what = outcome::kind::rows;
            break;
        case PGRES_COMMAND_OK:
        case PGRES_EMPTY_QUERY:
            taken.what = outcome::kind::ok;
            break;
        case PGRES_BAD_RESPONSE:
        case PGRES_FATAL_ERROR:
            taken.what = outcome::kind::error;
            taken.why = connection::from_result(found.get());
            break;
        case PGRES_COPY_OUT: // COPY cannot run in pipeline mode; the others do not exist in it
        case PGRES_COPY_IN:
        case PGRES_COPY_BOTH:
        case PGRES_SINGLE_TUPLE:
        case PGRES_NONFATAL_ERROR:
            taken.what = outcome::kind::error;
            taken.why.code = errc::protocol;
            taken.why.message = "a statement answered with what a pipeline cannot carry";
            break;
        }
        taken.data = rows{std::move(found)};
        return true;
    }
    return false;
}

awaitable<result<outcome>> pipeline_session::next_result() {
    outcome taken;
    while (!try_result(taken)) {
        auto const arrived = co_await link_->wait_readable();
        if (!arrived) {
            co_return arrived.error();
        }
    }
    co_return taken;
}

result<void> pipeline_session::ask_copy(std::string const& sql) {
    if (auto left = exit(); !left) {
        return left;
    }
    if (PQsendQuery(link_->native(), sql.c_str()) == 0) { // flushes what the socket takes
        return link_->last_error(errc::connection_lost);
    }
    return boost::system::in_place_value;
}

awaitable<result<void>> pipeline_session::copy_wanted(rows& said) {
    std::optional<error> failed;
    for (;;) {
        auto next = co_await link_->next_result();
        if (!next) {
            co_return next.error();
        }
        if (!*next) {
            break;
        }
        if (PQresultStatus(next->get()) == PGRES_COPY_IN) {
            co_return boost::system::in_place_value;
        }
        if (PQresultStatus(next->get()) == PGRES_TUPLES_OK) {
            said = rows{std::move(*next)};
            continue;
        }
        if (PQresultStatus(next->get()) == PGRES_FATAL_ERROR && !failed) {
            failed = connection::from_result(next->get());
        }
    }
    TANDEM_ASSERT(failed.has_value());
    auto entered = enter();
    co_return entered ? result<void>{*failed} : entered;
}

result<void> pipeline_session::put_copy(std::string_view data) {
    auto* const link = link_->native();
    while (!data.empty()) {
        auto const part = data.substr(0, copy_message_most);
        if (PQputCopyData(link, part.data(), static_cast<int>(part.size())) != 1) {
            return link_->last_error(errc::connection_lost);
        }
        data.remove_prefix(part.size());
    }
    if (PQputCopyEnd(link, nullptr) != 1) {
        return link_->last_error(errc::connection_lost);
    }
    return boost::system::in_place_value;
}

awaitable<result<void>> pipeline_session::finish_copy() {
    std::optional<error> failed;
    for (;;) {
        auto next = co_await link_->next_result();
        if (!next) {
            co_return next.error();
        }
        if (!*next) {
            break;
        }
        if (PQresultStatus(next->get()) == PGRES_FATAL_ERROR && !failed) {
            failed = connection::from_result(next->get());
        }
    }
    auto entered = enter();
    if (entered && failed) {
        co_return *failed;
    }
    co_return entered;
}

} // namespace tandem::io::pg
