// Statements of DDL that the peer's server takes in another form only. What goes with others: DROP TABLE a, b, where b refers
// to a, and whatever CASCADE took along at the source; the message names all of it, and one after the other is refused.
// Columns whose type has no cast to the new one, and whose values have the same words in both.

#include "codecs/sql/ddl_statements.hpp"
#include "engine/ddl/beside.hpp"
#include "engine/flow/applier.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace tandem::engine {
namespace {

constexpr char const* dependents = "2BP01"; // dependent_objects_still_exist
constexpr char const* no_cast = "42846";    // cannot_coerce
constexpr char const* shapes_query = "SELECT coalesce(jsonb_agg(shape), '[]') FROM tandem.shape";

bool drops(std::string_view statement) {
    return statement.starts_with("DROP ") || statement.find(" DROP COLUMN ") != statement.npos ||
           statement.find(" DROP CONSTRAINT ") != statement.npos;
}

// ALTER COLUMN "c" TYPE t USING "c"::t: by way of text. Empty: it is none of these.
std::string by_words(std::string const& statement) {
    constexpr std::string_view cast = "\"::";
    auto const by = statement.find(" USING \"");
    auto const at = by == statement.npos ? by : statement.find(cast, by);
    if (at == statement.npos || statement.find(" TYPE ") > by) {
        return {};
    }
    auto made = statement;
    made.insert(at + cast.size(), "text::");
    return made;
}

ddl::shape shapes_of(io::pg::rows const& got) {
    return ddl::shape::parse(got.text(0, 0), nullptr, false);
}

} // namespace

// The answer of a statement of the message. Where something depends on what it drops, that goes along, if the message
// speaks of all of it.
io::awaitable<outcome_of<applier::answer>> applier::run_ddl(std::string const& statement,
                                                            ddl::message const& told) {
    auto const otherwise = by_words(statement);
    if (!drops(statement) && otherwise.empty()) {
        auto plain = co_await run_alone(statement);
        co_return plain;
    }
    auto done = co_await run_alone("SAVEPOINT tandem_statement");
    if (done && !done->failed) {
        done = co_await run_alone(statement);
    }
    if (done && done->failed && done->failed->sqlstate == no_cast && !otherwise.empty()) {
        done = co_await run_alone("ROLLBACK TO SAVEPOINT tandem_statement");
        if (done && !done->failed) {
            done = co_await run_alone(otherwise);
        }
    }
    if (done && done->failed && done->failed->sqlstate == dependents) {
        auto cascaded = co_await run_cascade(statement, told, *done->failed);
        if (!cascaded) {
            co_return cascaded.error();
        }
        done = std::move(*cascaded);
    }
    if (!done || done->failed) { // whoever asked goes back behind it
        co_return done;
    }
    auto released = co_await run_alone("RELEASE SAVEPOINT tandem_statement");
    co_return released;
}

io::awaitable<outcome_of<applier::answer>> applier::run_cascade(std::string const& statement,
                                                                ddl::message const& told,
                                                                io::pg::error refused) {
    auto back = co_await run_alone("ROLLBACK TO SAVEPOINT tandem_statement");
    if (!back || back->failed) {
        co_return back;
    }
    auto before = co_await ask(shapes_query);
    if (!before) {
        co_return before.error();
    }
    auto const was = shapes_of(*before);
    auto const cascade = statement + " CASCADE";
    auto done = co_await run_alone(cascade);
    if (!done || done->failed) {
        co_return done;
    }
    auto after = co_await ask(shapes_query);
    if (!after) {
        co_return after.error();
    }
    auto const is = shapes_of(*after);
    auto const beside = ddl::changed_beside(was, is, told);
    if (beside.empty() && was != is) { // otherwise nobody here takes shapes down
        co_return done;
    }
    answer made;
    made.failed = std::move(refused);
    if (!beside.empty()) {
        made.failed->message += fmt::format(
            "; with CASCADE this would change {} as well, of which node {} says nothing",
            fmt::join(beside, ", "), link_.setup.source.name);
    }
    co_return made;
}

} // namespace tandem::engine
