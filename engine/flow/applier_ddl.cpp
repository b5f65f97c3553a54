// DDL of the source, in its place in the stream (R18): what it made of objects there is made of them here, in the peer
// transaction of the rows around it. What is refused is parked with the table, as rows are.

#include "codecs/sql/ddl_statements.hpp"
#include "codecs/sql/quote.hpp"
#include "codecs/sql/schema.hpp"
#include "engine/core/completed_row.hpp"
#include "engine/core/failpoint.hpp"
#include "engine/ddl/filter.hpp"
#include "engine/flow/applier.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace tandem::engine {
namespace {

failure unreadable_ddl(std::string const& node, ddl::message_error const& why) {
    return {next_step::paused,
            fmt::format(
                "DDL of node {} cannot be read ({}): the node was set up by another tandem than "
                "this; use the same one for both",
                node, why.what)};
}

} // namespace

io::awaitable<outcome_of<applier::answer>> applier::run_alone(std::string_view sql) {
    auto queued = sender_.text(sql);
    if (queued) {
        queued = sender_.sync();
    }
    if (!queued) {
        co_return queued.error();
    }
    auto flushed = co_await pipeline_.flush();
    if (!flushed) {
        co_return retry_after(link_.setup.target.name, "sending a statement", flushed.error());
    }
    answer made;
    for (;;) {
        auto got = co_await pipeline_.next_result();
        if (!got) {
            co_return retry_after(link_.setup.target.name, "reading results", got.error());
        }
        if (got->what == io::pg::outcome::kind::sync) {
            co_return made;
        }
        if (got->what == io::pg::outcome::kind::rows) {
            made.data = std::move(got->data);
        }
        if (got->what == io::pg::outcome::kind::error && !made.failed) {
            made.failed = got->why;
        }
    }
}

io::awaitable<outcome_of<io::pg::rows>> applier::ask(std::string sql) {
    auto made = co_await run_alone(sql);
    if (!made) {
        co_return made.error();
    }
    if (made->failed) {
        co_return retry_after(link_.setup.target.name, "reading the catalog", *made->failed);
    }
    co_return std::move(made->data);
}

void applier::read_inside() {
    tables_.read_by([this](std::string sql) { return ask(std::move(sql)); });
}

io::awaitable<outcome_of<applier::listed>> applier::careful_ddl(transaction_header const& header,
                                                                std::vector<pending_change>& list,
                                                                change const& what,
                                                                careful_progress& at) {
    crash_point("ddl_met");
    ddl_outcome made;
    auto const told = ddl::read_carried(*what.ddl, link_.setup.ddl_filter, made.left_out);
    if (!told) {
        co_return unreadable_ddl(link_.setup.source.name, told.error());
    }
    bool const first = list.empty() && at.changes == 0 && !at.released;
    auto const [schema, name] = ddl::waits_as(*told);
    auto const waits_as = fmt::format("{}.{}", schema, name);
    if (told->concurrently && first && !parked_.touches(waits_as) &&
        indexed_outside_ != header.final_lsn) {
        co_return co_await index_first(header, *told);
    }
    auto before = co_await careful_flush(header, list, at);
    if (!before || *before == listed::again) {
        co_return before;
    }
    if (!told->sees.empty()) {
        co_return co_await note_seen(header, *told);
    }
    ++at.changes;
    if (told->touches) {
        co_return co_await touch(told->touched, at);
    }
    if (parked_.touches(waits_as)) {
        ++at.parked;
        co_return co_await refuse_ddl(header, what, *told, queued_behind());
    }
    auto begun = co_await run_alone("SAVEPOINT tandem");
    if (!begun) {
        co_return begun.error();
    }
    crash_point("ddl_begun");
    if (begun->failed) { // nothing behind it would say why
        co_return co_await after_error(*begun->failed, "beginning DDL");
    }
    auto done = co_await carry_out(*told, std::span<ddl::message const>());
    if (!done) {
        co_return done.error();
    }
    crash_point("ddl_carried");
    if (done->failed && passes_by_itself(*done->failed)) {
        co_return co_await after_error(*done->failed, "carrying out DDL");
    }
    if (!done->sqlstate.empty() && link_.binary) { // what is parked is kept as text
        co_return failure{next_step::retry_text,
                          fmt::format("{} of {} could not be carried out ({})", told->tag,
                                      told->changes.front().shown(), done->sqlstate)};
    }
    if (!done->sqlstate.empty()) {
        auto back = co_await back_to_savepoint();
        if (!back || *back == listed::again) {
            co_return back;
        }
        read_inside();
        ++at.parked;
        park_reason const reason{done->sqlstate, done->why, true,
                                 done->failed ? done->failed->detail : std::string{}};
        co_return co_await refuse_ddl(header, what, *told, reason);
    }
    if (!made.left_out.empty()) {
        done->left_out += (done->left_out.empty() ? "" : "; ") + made.left_out;
    }
    at.was_so = done->statements.empty();
    at.carried.push_back(told->id);
    co_return co_await note_ddl(header, *told, *what.ddl, std::move(*done));
}

// From here on the source's changes are of this node's tables as its own DDL has made them.
io::awaitable<outcome_of<applier::listed>> applier::note_seen(transaction_header const& header,
                                                              ddl::message const& told) {
    auto const statement = sql::note_seen(told.sees, to_string(header.final_lsn));
    auto noted = co_await run_alone(statement);
    if (!noted) {
        co_return noted.error();
    }
    if (noted->failed) {
        co_return co_await after_error(*noted->failed, "noting what of its DDL was seen");
    }
    if (noted->data.integer(0, 0) > 0) {
        spdlog::warn(
            "{} -> {}: node {} said that it had carried out DDL of node {}, and then had to begin anew: where that gave "
            "the name of a table or column to another one, changes written there in between may be in the wrong one; "
            "'tandem verify' tells",
            link_.setup.source.name, link_.setup.target.name, link_.setup.source.name,
            link_.setup.target.name);
    }
    read_inside();
    co_return listed::done;
}

// In the stream out of the target, before the transaction that carries it out is committed: its locks are held, so what
// others write to these tables is committed before this or behind the transaction.
io::awaitable<applier::voided> applier::tell_seen(std::vector<std::int64_t> ids) {
    std::erase(ids, 0);
    if (ids.empty()) {
        co_return boost::system::in_place_value;
    }
    auto const statement = sql::tell_seen(ids);
    auto told = co_await tables_.catalog().execute(statement);
    crash_point("ddl_seen");
    bool const cannot = !told && (told.error().sqlstate == sql::sqlstate::no_function ||
                                  told.error().sqlstate == sql::sqlstate::no_table);
    if (!told && !cannot) {
        co_return retry_after(link_.setup.target.name, "saying what was seen", told.error());
    }
    co_return boost::system::in_place_value;
}

// What follows are rows that DDL gave values, or no more. Where both nodes have given their rows values of their own, and send
// them to each other, those of one of them are sent once more.
io::awaitable<outcome_of<applier::listed>> applier::touch(
    std::optional<ddl::touched_table> const& begun, careful_progress& at) {
    auto const ended = std::exchange(at.touched, begun);
    if (begun || !ended || !at.was_so || link_.setup.source.rank > link_.setup.target.rank) {
        co_return listed::done;
    }
    auto const statement = sql::send_again(ended->schema, ended->name, "all");
    auto noted = co_await run_alone(statement);
    if (!noted) {
        co_return noted.error();
    }
    if (noted->failed) {
        co_return co_await after_error(*noted->failed, "noting rows that are to be sent again");
    }
    co_return listed::done;
}

// The transaction is left, and begun again.
io::awaitable<outcome_of<applier::listed>> applier::index_first(transaction_header const& header,
                                                                ddl::message const& told) {
    auto rolled = co_await roll_back();
    if (!rolled) {
        co_return rolled.error();
    }
    indexed_outside_ = header.final_lsn;
    indexed_by_.clear();
    auto indexed = co_await index_outside(told);
    if (!indexed) {
        co_return indexed.error();
    }
    co_return listed::again;
}

io::awaitable<outcome_of<applier::listed>> applier::note_ddl(transaction_header const& header,
                                                             ddl::message const& told,
                                                             std::string const& text,
                                                             ddl_outcome made) {
    if (told.concurrently && indexed_outside_ == header.final_lsn) {
        made.statements.insert(made.statements.begin(), indexed_by_.begin(), indexed_by_.end());
    }
    auto const of = told.changes.empty() ? std::string{} : " of " + told.changes.front().shown();
    auto const what = made.statements.empty() ? "it is so already" : "";
    spdlog::info(
        "{} -> {}: {}{}: {}", link_.setup.source.name, link_.setup.target.name, told.tag, of,
        told.changes.empty() ? made.left_out
                             : fmt::format("{}{}", what, fmt::join(made.statements, "; ")));
    sql::ddl_note note{link_.setup.source.name, to_string(header.final_lsn),
                       to_string(header.commit_time), told.tag, text};
    note.ended = told.changes.empty() && !made.left_out.empty() ? "left out"
                 : made.statements.empty()                      ? "nothing to do"
                                                                : "applied";
    note.statements = std::move(made.statements), note.error = std::move(made.left_out);
    auto const statement = sql::note_ddl(note);
    auto noted = co_await run_alone(statement);
    if (!noted) {
        co_return noted.error();
    }
    if (noted->failed) {
        co_return co_await after_error(*noted->failed, "noting DDL");
    }
    crash_point("ddl_noted");
    co_return listed::done;
}

void applier::keep_to_touched(pending_change& one, careful_progress& at) {
    auto const& what = *one.what;
    bool const meant = what.kind == change_kind::update && what.shape != nullptr &&
                       what.oversized == nullptr && !at.touched->columns.empty() &&
                       what.shape->schema == at.touched->schema &&
                       what.shape->name == at.touched->name;
    if (!meant || one.plan == nullptr || !one.plan->usable) {
        return;
    }
    std::vector<bool> kept;
    for (std::size_t column = 0; column < what.shape->columns.size(); ++column) {
        bool const in_key = one.plan->columns[column].key;
        kept.push_back(in_key ||
                       std::ranges::find(at.touched->columns, what.shape->columns[column].name) !=
                           at.touched->columns.end());
    }
    write_only(kept, one, at);
    one.touch = true;
}

// What a column holds here was computed from what the update still has in its older form.
void applier::leave_computed(pending_change& one, careful_progress& at) {
    bool const meant = one.what->kind == change_kind::update && one.what->oversized == nullptr &&
                       one.plan->usable && one.plan->kept.size() == one.plan->columns.size();
    if (!meant) {
        return;
    }
    std::vector<bool> written;
    for (std::size_t column = 0; column < one.plan->columns.size(); ++column) {
        written.push_back(one.plan->columns[column].key || !one.plan->kept[column]);
    }
    write_only(written, one, at);
}

void applier::write_only(std::vector<bool> const& columns, pending_change& one,
                         careful_progress& at) {
    auto const& what = *one.what;
    auto& partial = at.partial.emplace_back(what);
    partial.new_row = row_of_columns(what.new_row, columns, at.partial_rows);
    if (partial.old_kind == pgoutput::old_row_kind::full) { // it would say what the rest was
        partial.old_kind = pgoutput::old_row_kind::none;
        partial.old_row = {};
    }
    one.what = &partial;
}

// It waits in tandem.parked, and its table's changes behind it.
io::awaitable<outcome_of<applier::listed>> applier::refuse_ddl(transaction_header const& header,
                                                               change const& what,
                                                               ddl::message const& told,
                                                               park_reason const& reason) {
    auto const [schema, name] = ddl::waits_as(told);
    parked_.park_table(fmt::format("{}.{}", schema, name));
    sql::ddl_note note{link_.setup.source.name, to_string(header.final_lsn),
                       to_string(header.commit_time), told.tag, *what.ddl};
    note.ended = "paused";
    note.error = reason.text;
    bool const waits = reason.sqlstate == sql::sqlstate::queued;
    auto const statement = sql::park_ddl(
        note, {schema, name, what.index, header.id.value, reason.sqlstate, reason.detail});
    auto noted = co_await run_alone(statement);
    if (!noted) {
        co_return noted.error();
    }
    if (noted->failed) {
        co_return co_await after_error(*noted->failed, "parking DDL");
    }
    if (waits) { // it may be where all of it was to end
        link_.parked_asked = true;
        requests_wait_ = {};
        co_return listed::done;
    }
    spdlog::warn(
        "{} -> {}: {} of {} waits in tandem.parked ({}): {}; the changes of the table wait with it",
        link_.setup.source.name, link_.setup.target.name, told.tag, told.changes.front().shown(),
        reason.sqlstate, reason.text);
    co_return listed::done;
}

} // namespace tandem::engine
