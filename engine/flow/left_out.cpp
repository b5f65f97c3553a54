#include "engine/flow/left_out.hpp"

#include "codecs/sql/quote.hpp"
#include "engine/core/batch_builder.hpp"
#include "engine/core/completed_row.hpp"
#include "engine/core/parked_keys.hpp"
#include "engine/flow/sessions.hpp"

#include <fmt/format.h>

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tandem::engine {
namespace {

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
    // What was brought there is no later version of it, but one that came back for a moment (R9).
    made.sql = fmt::format("SELECT {} FROM {} WHERE {} AND "
                           "coalesce((pg_xact_commit_timestamp_origin(xmin)).roident, 0) = 0",
                           columns, sql::qualified(plan.shape->schema, plan.shape->name), match);
    return made;
}

} // namespace

bool leaves_out(change const& what) {
    return what.kind == change_kind::update && what.oversized == nullptr &&
           what.old_kind != pgoutput::old_row_kind::full && has_unchanged(what.new_row);
}

io::awaitable<outcome_of<change const*>> left_out_columns::complete(change const& what,
                                                                    table_plan const& plan) {
    if (source_ == nullptr) {
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
        source_ = std::move(*opened);
    }
    auto const asked = look_up_of(what, plan);
    std::vector<io::pg::param> key;
    key.reserve(asked.key.size());
    for (auto const& part : asked.key) {
        key.push_back({part.c_str(), static_cast<int>(part.size()), binary_});
    }
    std::span<io::pg::param const> const values{key};
    auto const got = co_await source_->query(asked.sql, values, binary_);
    if (!got) {
        source_.reset();
        co_return retry_after(
            setup_.source.name,
            "looking up columns of " + table_name(plan) + " that an update left out", got.error());
    }
    auto& made = made_.emplace_back(what);
    if (got->empty()) {
        made.kind = change_kind::remove;
        if (made.old_kind == pgoutput::old_row_kind::none) {
            made.old_kind = pgoutput::old_row_kind::key;
            made.old_row = made.new_row;
        }
        made.new_row = {};
        co_return &made;
    }
    std::vector<std::optional<std::string_view>> left_out;
    for (int column = 0; column < got->columns(); ++column) {
        if (got->null(0, column)) {
            left_out.emplace_back();
        } else {
            left_out.emplace_back(got->text(0, column));
        }
    }
    auto const form = binary_ ? pgoutput::column_kind::binary : pgoutput::column_kind::text;
    made.new_row = completed_row(what.new_row, left_out, form, values_);
    co_return &made;
}

} // namespace tandem::engine
