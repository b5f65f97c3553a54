// Which statements DDL of the source becomes here, and how they end; see engine/ddl/decide.hpp.

#include "codecs/sql/ddl_statements.hpp"
#include "codecs/sql/quote.hpp"
#include "codecs/sql/schema.hpp"
#include "engine/core/failpoint.hpp"
#include "engine/ddl/follow.hpp"
#include "engine/ddl/shapes.hpp"
#include "engine/flow/applier.hpp"
#include "engine/flow/own_ddl.hpp"

#include <fmt/format.h>

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

void was_dropped(ddl::object_change const& change, std::string& left_out) {
    left_out += fmt::format("{}{} was dropped here", left_out.empty() ? "" : "; ", change.shown());
}

} // namespace

io::awaitable<outcome_of<ddl::surroundings>> applier::look_around(
    ddl::object_change const& change) {
    auto question = fmt::format(
        "SELECT {}, {}, (SELECT jsonb_agg(quote_ident(rolname)) FROM pg_roles), "
        "current_setting('server_version_num'), EXISTS (SELECT FROM tandem.ddl WHERE node IS NULL AND (seen_at IS "
        "NULL OR seen_at > '{}'))",
        shape_named(change.before), shape_named(change.after), to_string(tables_.as_of()));
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
    around.source_version = link_.setup.source_version;
    around.altered = got->boolean(0, 4);
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

// What is no table: dropped here, it is not made again.
io::awaitable<outcome_of<bool>> applier::look_for_object(ddl::object_change const& change,
                                                         bool is_here, ddl_outcome& into) {
    auto asking = ask(fate_query(change.before, is_here, tables_.as_of()));
    auto got = co_await std::move(asking);
    if (!got) {
        co_return got.error();
    }
    if (got->empty()) {
        co_return true;
    }
    auto const now = shape_from(*got, 0);
    if (now.is_null()) {
        was_dropped(change, into.left_out);
        co_return false;
    }
    if (field(now, "schema") == field(change.after, "schema") &&
        field(now, "name") == field(change.after, "name")) { // both did so
        co_return false;
    }
    into.sqlstate = sql::sqlstate::ddl_refused;
    into.why =
        fmt::format("{} was altered there and is called {}.{} here: give it its name back, then "
                    "'tandem table resume'",
                    change.shown(), field(now, "schema"), field(now, "name"));
    co_return false;
}

// What this node's own DDL renamed or dropped, of which the source did not know when it altered it.
io::awaitable<outcome_of<bool>> applier::look_where_it_is(ddl::object_change& change,
                                                          ddl::surroundings& around,
                                                          ddl_outcome& into) {
    if (change.before.is_null()) {
        co_return true;
    }
    if (!change.is_table()) {
        bool const is_here = !ddl::misses_something(change, around);
        co_return co_await look_for_object(change, is_here, into);
    }
    auto asking = ask(own_ddl_query);
    auto got = co_await std::move(asking);
    if (!got) {
        co_return got.error();
    }
    auto const whole = read_own_ddl(*got, tables_.as_of());
    auto const log = ddl::known_before(whole, change);
    auto const there = ddl::names_of(change.before);
    ddl::followed_table at;
    at.schema = there.schema;
    at.name = there.name;
    auto moved = ddl::moved_unseen(there.schema, there.name, log);
    bool const by_log = moved.has_value();
    if (moved || (around.at_before.is_null() && around.at_after.is_null())) {
        at = moved ? *std::move(moved) : ddl::follow_table(there.schema, there.name, log);
        if (at.gone) {
            was_dropped(change, into.left_out);
            co_return false;
        }
        ddl::settle_name(change, at, whole);
        bool const both = by_log && !change.after.is_null() &&
                          (field(change.after, "schema") != there.schema ||
                           field(change.after, "name") != there.name);
        if (both) {
            into.sqlstate = sql::sqlstate::ddl_refused;
            into.why = fmt::format(
                "{} was renamed to {} there and to {}.{} here: give it one name, "
                "then 'tandem table resume'",
                ddl::shown(change.before), ddl::shown(change.after), at.schema, at.name);
            co_return false;
        }
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
    if (ddl::is_same(followed, there)) {
        co_return true;
    }
    into.why = ddl::settle_columns(change, followed, log);
    if (!into.why.empty()) {
        into.sqlstate = sql::sqlstate::ddl_refused;
        co_return false;
    }
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
    auto const using_there = sql::say_by_using(given.by_using);
    auto said = co_await run_alone(using_there);
    if (!said) {
        co_return said.error();
    }
    if (said->failed) {
        into.failed = said->failed;
        into.sqlstate = said->failed->sqlstate;
        into.why = said->failed->message;
        co_return boost::system::in_place_value;
    }
    std::vector<std::string> last;
    for (int round = 0; round < rounds_most; ++round) {
        auto around = co_await look_around(change);
        if (!around) {
            co_return around.error();
        }
        crash_point("ddl_looked");
        if (round == 0 && (around->altered || ddl::misses_something(change, *around))) {
            auto found = co_await look_where_it_is(change, *around, into);
            if (!found) {
                co_return found.error();
            }
            if (!*found) {
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
io::awaitable<outcome_of<ddl_outcome>> applier::carry_out(ddl::message const& told,
                                                          std::span<ddl::message const> later) {
    ddl_outcome made;
    auto prepared = co_await run_alone(sql::carried_before);
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

} // namespace tandem::engine
