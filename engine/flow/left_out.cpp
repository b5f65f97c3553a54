#include "engine/flow/left_out.hpp"

#include "codecs/base/assert.hpp"
#include "codecs/sql/quote.hpp"
#include "engine/core/batch_builder.hpp"
#include "engine/core/completed_row.hpp"
#include "engine/core/origin_gate.hpp"
#include "engine/core/parked_keys.hpp"
#include "engine/flow/sessions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tandem::engine {
namespace {

constexpr std::size_t statements_kept =
    200; // of a session: tables, and which columns were left out

struct look_up {
    std::string sql;
    std::vector<std::string> key; // zero-ended
};

look_up look_up_of(change const& what, table_plan const& plan) {
    look_up made;
    std::string columns;
    pgoutput::tuple_view::cursor values{what.new_row};
    for (auto const& column : plan.shape->columns) {
        if (values.next().kind == pgoutput::column_kind::unchanged) {
            columns += (columns.empty() ? "" : ", ") + sql::identifier(column.name);
        }
    }
    std::string match;
    std::string scratch;
    auto const key = key_after(what, plan, scratch);
    for (std::size_t at = 0; at < plan.key.size(); ++at) {
        auto const& column = plan.columns[plan.key[at]];
        match += fmt::format("{}{} {} ${}", at == 0 ? "" : " AND ", sql::identifier(column.name),
                             column.equals, at + 1);
        made.key.emplace_back(key_part(key, plan, at));
    }
    // What was brought there is no later version of it, but one that came back for a moment (R9). What a repair sends again
    // was not brought.
    made.sql = fmt::format(
        "SELECT {} FROM {} WHERE {} AND NOT EXISTS (SELECT FROM pg_replication_origin AS o WHERE o.roident = "
        "(pg_xact_commit_timestamp_origin(xmin)).roident AND starts_with(o.roname, {}) AND NOT "
        "starts_with(o.roname, {}))",
        columns, sql::qualified(plan.shape->schema, plan.shape->name), match,
        sql::literal(origin_prefix), sql::literal(resent_origin));
    return made;
}

} // namespace

bool leaves_out(change const& what) {
    return what.kind == change_kind::update && what.oversized == nullptr &&
           what.old_kind != pgoutput::old_row_kind::full && has_unchanged(what.new_row);
}

io::awaitable<outcome_of<void>> left_out_columns::open() {
    if (source_ != nullptr && prepared_.size() < statements_kept) {
        co_return boost::system::in_place_value;
    }
    source_.reset();
    prepared_.clear();
    session_request request;
    request.node = setup_.source;
    request.application_name = "tandem look-up " + setup_.target.name;
    auto const executor = co_await io::asio::this_coro::executor;
    auto opened = co_await open_session(executor, request);
    if (!opened) {
        co_return opened.error();
    }
    // Whoever asks has a transaction open: it must not wait.
    auto const hasty = co_await (*opened)->execute("SET lock_timeout = '100ms'");
    if (!hasty) {
        co_return retry_after(setup_.source.name, "setting a time limit", hasty.error());
    }
    auto made = std::make_unique<io::pg::pipeline_session>(std::move(*opened));
    if (auto const entered = made->enter(); !entered) {
        co_return retry_after(setup_.source.name, "entering pipeline mode", entered.error());
    }
    source_ = std::move(made);
    co_return boost::system::in_place_value;
}

failure left_out_columns::failed(left_out_change const& one, io::pg::error const& why) {
    source_.reset();
    prepared_.clear();
    return retry_after(
        setup_.source.name,
        "looking up columns of " + table_name(*one.plan) + " that an update left out", why);
}

outcome_of<void> left_out_columns::ask(left_out_change const& one) {
    auto const asked = look_up_of(*one.what, *one.plan);
    auto const [known, fresh] =
        prepared_.emplace(asked.sql, fmt::format("tandem_{}", prepared_.size()));
    if (fresh) {
        auto const queued = source_->send_prepare(known->second, asked.sql, {});
        if (!queued) {
            return failed(one, queued.error());
        }
    }
    std::vector<io::pg::param> key;
    key.reserve(asked.key.size());
    for (auto const& part : asked.key) {
        key.push_back({part.c_str(), static_cast<int>(part.size()), binary_});
    }
    auto const queued = source_->send_prepared(known->second, key, binary_);
    if (!queued) {
        return failed(one, queued.error());
    }
    return boost::system::in_place_value;
}

change const* left_out_columns::completed(change const& what, io::pg::rows const& found) {
    auto& made = made_.emplace_back(what);
    if (found.empty()) {
        made.kind = change_kind::remove;
        if (made.old_kind == pgoutput::old_row_kind::none) {
            made.old_kind = pgoutput::old_row_kind::key;
            made.old_row = made.new_row;
        }
        made.new_row = {};
        return &made;
    }
    std::vector<std::optional<std::string_view>> left_out;
    for (int column = 0; column < found.columns(); ++column) {
        if (found.null(0, column)) {
            left_out.emplace_back();
        } else {
            left_out.emplace_back(found.text(0, column));
        }
    }
    auto const form = binary_ ? pgoutput::column_kind::binary : pgoutput::column_kind::text;
    made.new_row = completed_row(what.new_row, left_out, form, values_);
    bytes_ += made.new_row.raw().size();
    return &made;
}

io::awaitable<outcome_of<std::vector<change const*>>> left_out_columns::complete(
    std::span<left_out_change const> wanted) {
    std::vector<change const*> made;
    if (wanted.empty()) {
        co_return made;
    }
    auto const ready = co_await open();
    if (!ready) {
        co_return ready.error();
    }
    for (auto const& each : wanted) {
        auto const asked = ask(each);
        if (!asked) {
            co_return asked.error();
        }
    }
    auto const ended = source_->sync();
    if (!ended) {
        co_return failed(wanted.front(), ended.error());
    }
    auto const flushed = co_await source_->flush();
    if (!flushed) {
        co_return failed(wanted.front(), flushed.error());
    }
    while (source_->pending() > 0) {
        auto const got = co_await source_->next_result();
        auto const& of = wanted[std::min(made.size(), wanted.size() - 1)];
        if (!got) {
            co_return failed(of, got.error());
        }
        if (got->what == io::pg::outcome::kind::error) {
            co_return failed(of, got->why);
        }
        if (got->what == io::pg::outcome::kind::rows) {
            made.push_back(completed(*of.what, got->data));
        }
    }
    TANDEM_ASSERT(made.size() == wanted.size());
    co_return made;
}

} // namespace tandem::engine
