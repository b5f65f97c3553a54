// DDL of the source, in its place in the stream (R18): what it made of objects there is made of them here, in the peer
// transaction of the rows around it. What is refused is parked with the table, as rows are.

#include "codecs/sql/ddl_statements.hpp"
#include "codecs/sql/quote.hpp"
#include "codecs/sql/schema.hpp"
#include "engine/core/completed_row.hpp"
#include "engine/core/failpoint.hpp"
#include "engine/ddl/filter.hpp"
#include "engine/flow/applier.hpp"
#include "engine/flow/own_ddl.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace tandem::engine {
namespace {

constexpr int rounds_most = 12; // of asking what is left to do

std::string field(ddl::shape const& of, char const* key) {
    auto const at = of.is_object() ? of.find(key) : of.end();
    return of.is_object() && at != of.end() && at->is_string() ? at->get<std::string>()
                                                               : std::string{};
}

std::string shape_named(ddl::shape const& of) {
    if (of.is_null()) {
        return "NULL::jsonb";
    }
    return fmt::format("tandem.shape_named({}, {}, {}, {})", sql::literal(field(of, "kind")),
                       sql::literal(field(of, "schema")), sql::literal(field(of, "name")),
                       sql::literal(field(of, "arguments")));
}

ddl::shape shape_from(io::pg::rows const& got, int column) {
    return got.null(0, column) ? ddl::shape{} : ddl::shape::parse(got.text(0, column));
}

ddl::object_change table_named(std::string const& schema, std::string const& name) {
    ddl::object_change made;
    made.before["kind"] = "table";
    made.before["schema"] = schema;
    made.before["name"] = name;
    return made;
}

// The object of the message that waits in tandem.parked when it is refused: rows of a table wait with it.
std::pair<std::string, std::string> parked_as(ddl::message const& told) {
    auto [schema, name] = ddl::table_of(told);
    if (told.changes.empty()) {
        return {};
    }
    if (name.empty()) {
        return {field(told.changes.front().known(), "schema"), told.changes.front().shown()};
    }
    return {std::move(schema), std::move(name)};
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

io::awaitable<outcome_of<ddl::surroundings>> applier::look_around(
    ddl::object_change const& change) {
    auto question =
        fmt::format("SELECT {}, {}, (SELECT jsonb_agg(quote_ident(rolname)) FROM pg_roles), "
                    "current_setting('server_version_num')",
                    shape_named(change.before), shape_named(change.after));
    auto asking = ask(std::move(question));
    auto got = co_await std::move(asking);
    if (!got) {
        co_return got.error();
    }
    ddl::surroundings around;
    around.at_before = shape_from(*got, 0);
    around.at_after = shape_from(*got, 1);
    for (auto const& each : shape_from(*got, 2)) {
        around.roles.insert(each.get<std::string>());
    }
    around.server_version = shape_from(*got, 3).get<int>();
    co_return around;
}

// Rows that were on their way to the source will find other values there for a column that was added. So have all where both
// nodes added it at once: those of one of them stay.
io::awaitable<applier::voided> applier::send_again(ddl::object_change const& change,
                                                   ddl_outcome& into) {
    if (change.first.is_null()) {
        co_return boost::system::in_place_value;
    }
    bool const outranks = link_.setup.source.rank < link_.setup.target.rank;
    auto const statement =
        sql::send_again(field(change.after, "schema"), field(change.after, "name"),
                        into.statements.empty() && outranks ? "all" : "recent");
    auto noted = co_await run_alone(statement);
    if (!noted) {
        co_return noted.error();
    }
    if (noted->failed) {
        into.failed = noted->failed;
        into.sqlstate = noted->failed->sqlstate;
        into.why = noted->failed->message;
    }
    co_return boost::system::in_place_value;
}

// What this node's own DDL renamed or dropped, of which the source did not know when it altered it.
io::awaitable<outcome_of<bool>> applier::look_where_it_is(ddl::object_change& change,
                                                          ddl::surroundings& around) {
    auto asking = ask(own_ddl_query);
    auto got = co_await std::move(asking);
    if (!got) {
        co_return got.error();
    }
    auto const log = read_own_ddl(*got, waiting::left);
    auto const there = ddl::names_of(change.before);
    ddl::followed_table at;
    at.schema = there.schema;
    at.name = there.name;
    if (around.at_before.is_null() && around.at_after.is_null()) {
        at = ddl::follow_table(there.schema, there.name, log);
        if (at.gone) {
            co_return false;
        }
        ddl::settle_name(change, at, read_own_ddl(*got, waiting::taken));
        auto const named = table_named(at.schema, at.name);
        auto again = co_await look_around(named);
        if (!again) {
            co_return again.error();
        }
        if (again->at_before.is_null()) {
            co_return true;
        }
        around = std::move(*again);
    }
    auto const& here = around.at_before.is_null() ? around.at_after : around.at_before;
    auto const followed =
        ddl::follow_columns(std::move(at), there, ddl::names_of(here).columns, log);
    change = ddl::in_names_here(std::move(change), followed, here);
    auto again = co_await look_around(change);
    if (!again) {
        co_return again.error();
    }
    ddl::note_names(followed, there, *again);
    around = std::move(*again);
    co_return true;
}

// Until there is nothing left to do; `into` says what was done, or why it is refused.
io::awaitable<applier::voided> applier::carry_out_one(ddl::message const& told,
                                                      ddl::object_change const& given,
                                                      ddl_outcome& into) {
    auto change = given;
    std::vector<std::string> last;
    for (int round = 0; round < rounds_most; ++round) {
        auto around = co_await look_around(change);
        if (!around) {
            co_return around.error();
        }
        crash_point("ddl_looked");
        if (round == 0 && ddl::misses_something(change, *around)) {
            auto found = co_await look_where_it_is(change, *around);
            if (!found) {
                co_return found.error();
            }
            if (!*found) {
                into.left_out += fmt::format("{}{} was dropped here",
                                             into.left_out.empty() ? "" : "; ", change.shown());
                co_return boost::system::in_place_value;
            }
        }
        auto const decided = ddl::decide(change, *around);
        if (!decided.against.empty()) {
            into.sqlstate = sql::sqlstate::ddl_refused;
            into.why = decided.against;
            co_return boost::system::in_place_value;
        }
        // Done, and read back otherwise: majors write some definitions in their own way.
        bool const again = !last.empty() && decided.statements == last;
        if (decided.statements.empty() || again) {
            for (auto const& each : decided.left_out) {
                into.left_out += (into.left_out.empty() ? "" : "; ") + each;
            }
            co_return co_await send_again(change, into);
        }
        last = decided.statements;
        for (auto const& statement : decided.statements) {
            crash_point("ddl_statement");
            auto done = co_await run_ddl(statement, told);
            if (!done) {
                co_return done.error();
            }
            crash_point("ddl_stated");
            if (done->failed) {
                into.failed = done->failed;
                into.sqlstate = done->failed->sqlstate;
                into.why = fmt::format("{} ({})", done->failed->message, statement);
                co_return boost::system::in_place_value;
            }
            into.statements.push_back(statement);
        }
    }
    into.sqlstate = sql::sqlstate::ddl_refused;
    into.why =
        fmt::format("{} does not become what it is on node {}: make it so, then 'tandem table "
                    "resume'",
                    change.shown(), link_.setup.source.name);
    co_return boost::system::in_place_value;
}

// `later`: DDL that waits behind it. Where it contradicts what is here, it may be that this is where it all ends.
io::awaitable<outcome_of<applier::ddl_outcome>> applier::carry_out(
    ddl::message const& told, std::span<ddl::message const> later) {
    ddl_outcome made;
    // Functions may speak of what comes later.
    auto prepared = co_await run_alone("SET LOCAL check_function_bodies = off");
    if (!prepared) {
        co_return prepared.error();
    }
    if (prepared->failed) {
        co_return retry_after(link_.setup.target.name, "preparing DDL", *prepared->failed);
    }
    for (auto const& change : told.changes) {
        auto done = co_await carry_out_one(told, change, made);
        if (!done) {
            co_return done.error();
        }
        if (made.sqlstate == sql::sqlstate::ddl_refused && !later.empty()) {
            auto const goal = ddl::in_the_end(change, later);
            made.sqlstate.clear();
            auto again = co_await carry_out_one(told, goal, made);
            if (!again) {
                co_return again.error();
            }
            made.ended.push_back(change);
        }
        if (!made.sqlstate.empty()) {
            break;
        }
    }
    read_inside();
    co_return made;
}

boost::system::result<ddl::message, ddl::message_error> applier::read_ddl(
    std::string_view text, std::string& left_out) const {
    auto read = ddl::read_message(text);
    if (read) {
        auto const said = ddl::leave_out(link_.setup.ddl_filter, *read);
        if (!said.empty()) {
            left_out = fmt::format("left out, as [ddl] says: {}", fmt::join(said, ", "));
        }
    }
    return read;
}

io::awaitable<outcome_of<applier::listed>> applier::careful_ddl(transaction_header const& header,
                                                                std::vector<pending_change>& list,
                                                                change const& what,
                                                                careful_progress& at) {
    crash_point("ddl_met");
    ddl_outcome made;
    auto const told = read_ddl(*what.ddl, made.left_out);
    if (!told) {
        co_return failure{
            next_step::paused,
            fmt::format(
                "DDL of node {} cannot be read ({}): the node was set up by another tandem than "
                "this; use the same one for both",
                link_.setup.source.name, told.error().what)};
    }
    bool const first = list.empty() && at.changes == 0 && !at.released;
    auto const [schema, name] = parked_as(*told);
    auto const waits_as = fmt::format("{}.{}", schema, name);
    if (told->concurrently && first && !parked_.touches(waits_as) &&
        indexed_outside_ != header.final_lsn) {
        co_return co_await index_first(header, *told);
    }
    auto before = co_await careful_flush(header, list, at);
    if (!before || *before == listed::again) {
        co_return before;
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
    co_return co_await note_ddl(header, *told, *what.ddl, std::move(*done));
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
    note.ended = told.changes.empty()      ? "left out"
                 : made.statements.empty() ? "nothing to do"
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
    auto const [schema, name] = parked_as(told);
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
