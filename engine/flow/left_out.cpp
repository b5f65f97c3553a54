#include "engine/flow/left_out.hpp"

#include "codecs/base/assert.hpp"
#include "codecs/sql/quote.hpp"
#include "engine/core/batch_builder.hpp"
#include "engine/core/completed_row.hpp"
#include "engine/core/origin_gate.hpp"
#include "engine/core/parked_keys.hpp"
#include "engine/flow/sessions.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

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

ddl::names_later names_as_described(table_plan const& plan) {
    auto const& shape = plan.described != nullptr ? *plan.described : *plan.shape;
    ddl::names_later names{shape.schema, shape.name, false, {}};
    for (auto const& column : shape.columns) {
        names.columns.push_back(column.name);
    }
    return names;
}

// DDL of the source behind the first of these changes: by its clock, which its rows have as well, or in their own transaction.
std::string later_ddl(std::span<left_out_change const> wanted) {
    std::vector<std::string> transactions;
    pg_time first = wanted.front().of->commit_time;
    for (auto const& each : wanted) {
        first = std::min(first, each.of->commit_time);
        transactions.push_back(sql::literal(std::to_string(each.of->id.value)));
    }
    return fmt::format(
        "FROM tandem.ddl WHERE ended NOT IN ('paused', 'left out') AND (at > {} OR xmin::text IN ({}))",
        sql::literal(to_string(first)), fmt::join(transactions, ", "));
}

// `names`: what the source calls it now.
look_up look_up_of(change const& what, table_plan const& plan, ddl::names_later const& names) {
    look_up made;
    if (names.gone) { // with all its rows
        made.sql = "SELECT NULL WHERE false";
        return made;
    }
    std::string columns;
    pgoutput::tuple_view::cursor values{what.new_row};
    for (std::size_t at = 0; at < names.columns.size(); ++at) {
        if (values.next().kind == pgoutput::column_kind::unchanged) {
            // What is not written here need not be there any more; what is gone there, goes here.
            bool const there = !plan.columns[at].skip && !names.columns[at].empty();
            columns += (columns.empty() ? "" : ", ") +
                       (there ? sql::identifier(names.columns[at]) : "NULL");
        }
    }
    std::string match;
    std::string scratch;
    auto const key = key_after(what, plan, scratch);
    for (std::size_t at = 0; at < plan.key.size(); ++at) {
        auto const& column = plan.columns[plan.key[at]];
        match += fmt::format("{}{} {} ${}", at == 0 ? "" : " AND ",
                             sql::identifier(names.columns[plan.key[at]]), column.equals, at + 1);
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

// Behind one entry of that log, those whose change it came behind.
void go_on(std::span<ddl::names_later> names, std::span<left_out_change const> wanted,
           io::pg::rows const& log, int row) {
    auto const told = ddl::read_message(log.text(row, 3));
    if (!told) {
        return; // of the newer kind that says nothing of objects
    }
    auto const at = pg_time::from_unix_us(log.integer(row, 1));
    for (std::size_t number = 0; number < wanted.size(); ++number) {
        auto const& of = *wanted[number].of;
        if (at > of.commit_time || log.text(row, 2) == std::to_string(of.id.value)) {
            ddl::go_on(names[number], *told);
        }
    }
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

outcome_of<void> left_out_columns::ask(left_out_change const& one, ddl::names_later const& names) {
    auto const asked = look_up_of(*one.what, *one.plan, names);
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

// A name there can be another's by now: asked as it was described, and once more where DDL came between.
io::awaitable<outcome_of<std::vector<change const*>>> left_out_columns::complete(
    std::span<left_out_change const> wanted) {
    std::vector<change const*> none;
    if (wanted.empty()) {
        co_return none;
    }
    std::vector<ddl::names_later> names;
    for (auto const& each : wanted) {
        names.push_back(names_as_described(*each.plan));
    }
    std::int64_t known = 0;
    constexpr int looks_most = 3;
    for (int look = 0; look < looks_most; ++look) {
        std::int64_t altered = 0;
        auto made = co_await ask_all(wanted, names, altered);
        if ((made && altered == known) || (!made && !unknown_there_)) {
            co_return made;
        }
        auto now = co_await names_now(wanted, known);
        if (!now) {
            co_return now.error();
        }
        names = std::move(*now);
    }
    co_return failure{next_step::retry,
                      fmt::format("node {} is altered while columns of {} are looked up there",
                                  setup_.source.name, table_name(*wanted.front().plan))};
}

io::awaitable<outcome_of<std::vector<ddl::names_later>>> left_out_columns::names_now(
    std::span<left_out_change const> wanted, std::int64_t& altered) {
    auto const ready = co_await open();
    if (!ready) {
        co_return ready.error();
    }
    auto const query = fmt::format(
        "SELECT id, (extract(epoch FROM at) * 1000000)::bigint, xmin::text, changes {} ORDER BY id",
        later_ddl(wanted));
    auto queued = source_->send_query(query);
    if (queued) {
        queued = source_->sync();
    }
    if (!queued) {
        co_return failed(wanted.front(), queued.error());
    }
    auto const flushed = co_await source_->flush();
    if (!flushed) {
        co_return failed(wanted.front(), flushed.error());
    }
    std::vector<ddl::names_later> names;
    for (auto const& each : wanted) {
        names.push_back(names_as_described(*each.plan));
    }
    altered = 0;
    while (source_->pending() > 0) {
        auto const got = co_await source_->next_result();
        if (!got) {
            co_return failed(wanted.front(), got.error());
        }
        if (got->what == io::pg::outcome::kind::error) {
            co_return failed(wanted.front(), got->why);
        }
        for (int row = 0; got->what == io::pg::outcome::kind::rows && row < got->data.size();
             ++row) {
            altered = got->data.integer(row, 0);
            go_on(names, wanted, got->data, row);
        }
    }
    co_return names;
}

io::awaitable<outcome_of<std::vector<change const*>>> left_out_columns::ask_all(
    std::span<left_out_change const> wanted, std::span<ddl::names_later const> names,
    std::int64_t& altered) {
    unknown_there_ = false;
    std::vector<change const*> made;
    auto const ready = co_await open();
    if (!ready) {
        co_return ready.error();
    }
    for (std::size_t at = 0; at < wanted.size(); ++at) {
        auto const asked = ask(wanted[at], names[at]);
        if (!asked) {
            co_return asked.error();
        }
    }
    // In the same transaction, whose locks keep off what would come now.
    auto const query = fmt::format("SELECT coalesce(max(id), 0) {}", later_ddl(wanted));
    auto ended = source_->send_query(query);
    if (ended) {
        ended = source_->sync();
    }
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
        if (got->what == io::pg::outcome::kind::rows && made.size() == wanted.size()) {
            altered = got->data.integer(0, 0);
        } else if (got->what == io::pg::outcome::kind::rows) {
            made.push_back(completed(of, got->data));
        }
    }
    TANDEM_ASSERT(made.size() == wanted.size());
    co_return made;
}

} // namespace tandem::engine
