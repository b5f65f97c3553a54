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

// `names`: what the source calls it: as it described it, or as it is called here since.
look_up look_up_of(change const& what, table_plan const& plan,
                   pgoutput::relation_shape const& names) {
    look_up made;
    std::string columns;
    pgoutput::tuple_view::cursor values{what.new_row};
    for (std::size_t at = 0; at < names.columns.size(); ++at) {
        if (values.next().kind == pgoutput::column_kind::unchanged) {
            // What is not written here need not be there any more.
            columns += (columns.empty() ? "" : ", ") +
                       (plan.columns[at].skip ? "NULL" : sql::identifier(names.columns[at].name));
        }
    }
    std::string match;
    std::string scratch;
    auto const key = key_after(what, plan, scratch);
    for (std::size_t at = 0; at < plan.key.size(); ++at) {
        auto const& column = plan.columns[plan.key[at]];
        match +=
            fmt::format("{}{} {} ${}", at == 0 ? "" : " AND ",
                        sql::identifier(names.columns[plan.key[at]].name), column.equals, at + 1);
        made.key.emplace_back(key_part(key, plan, at));
    }
    // What was brought there is no later version of it, but one that came back for a moment (R9). What a repair sends again
    // was not brought.
    made.sql = fmt::format(
        "SELECT {} FROM {} WHERE {} AND NOT EXISTS (SELECT FROM pg_replication_origin AS o WHERE o.roident = "
        "(pg_xact_commit_timestamp_origin(xmin)).roident AND starts_with(o.roname, {}) AND NOT "
        "starts_with(o.roname, {}))",
        columns, sql::qualified(names.schema, names.name), match, sql::literal(origin_prefix),
        sql::literal(resent_origin));
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
    unknown_there_ = why.sqlstate == "42703" || why.sqlstate == "42P01";
    return retry_after(
        setup_.source.name,
        "looking up columns of " + table_name(*one.plan) + " that an update left out", why);
}

outcome_of<void> left_out_columns::ask(left_out_change const& one, names_of_source names) {
    bool const as_described = names == names_of_source::described && one.plan->described != nullptr;
    auto const asked =
        look_up_of(*one.what, *one.plan, as_described ? *one.plan->described : *one.plan->shape);
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

change const* left_out_columns::completed(left_out_change const& one, io::pg::rows const& found) {
    auto const& what = *one.what;
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
    if (auto const& kept = one.plan->kept; !kept.empty()) { // those stay left out
        std::vector<bool> written;
        for (std::size_t at = 0; at < kept.size(); ++at) {
            written.push_back(one.plan->columns[at].key || !kept[at]);
        }
        made.new_row = row_of_columns(made.new_row, written, values_);
    }
    bytes_ += made.new_row.raw().size();
    return &made;
}

io::awaitable<outcome_of<std::vector<change const*>>> left_out_columns::complete(
    std::span<left_out_change const> wanted) {
    unknown_there_ = false;
    auto made = co_await ask_all(wanted, names_of_source::described);
    bool const moved = std::ranges::any_of(
        wanted, [](left_out_change const& each) { return each.plan->described != nullptr; });
    if (!made && unknown_there_ &&
        moved) { // the source has carried out by now what was altered here
        made = co_await ask_all(wanted, names_of_source::here);
    }
    co_return made;
}

io::awaitable<outcome_of<std::vector<change const*>>> left_out_columns::ask_all(
    std::span<left_out_change const> wanted, names_of_source names) {
    std::vector<change const*> made;
    if (wanted.empty()) {
        co_return made;
    }
    auto const ready = co_await open();
    if (!ready) {
        co_return ready.error();
    }
    for (auto const& each : wanted) {
        auto const asked = ask(each, names);
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
            made.push_back(completed(of, got->data));
        }
    }
    TANDEM_ASSERT(made.size() == wanted.size());
    co_return made;
}

} // namespace tandem::engine
