// Names as the server takes them: what sql::identifier() writes is read as the name that was meant, and is what
// quote_ident() writes where the server finds quotes necessary.

#include "tests/support/identifiers.hpp"

#include "codecs/sql/quote.hpp"
#include "tests/integration/io_pg.hpp"

#include <string>

namespace tandem {
namespace {

class Identifiers : public test::pg_test {};

TEST_F(Identifiers, AreReadByTheServerAsTheyWereMeant) {
    auto const cases = support::identifiers();
    auto const link = open();
    std::string columns; // of a type: its columns may bear the names of a table's own
    for (auto const& each : cases) {
        columns += (columns.empty() ? "" : ",") + sql::identifier(each.text) + " int";
    }
    execute(*link, "CREATE TYPE pg_temp.names AS (" + columns + ")");
    auto const read =
        execute(*link, "SELECT attname, quote_ident(attname) FROM pg_attribute "
                       "WHERE attrelid = 'pg_temp.names'::regclass AND attnum > 0 ORDER BY attnum");
    std::size_t quoted = 0;
    for (std::size_t index = 0; index < cases.size(); ++index) {
        auto const& [name, text, expected, json] = cases[index];
        auto const row = static_cast<int>(index);
        EXPECT_EQ(read.text(row, 0), text) << name;
        bool const needs_none = read.text(row, 1) == text && '"' + text + '"' == expected;
        EXPECT_TRUE(needs_none || read.text(row, 1) == expected)
            << name << ": the server writes " << read.text(row, 1);
        quoted += needs_none ? 0U : 1U;
    }
    EXPECT_GT(quoted, 120U);
}

} // namespace
} // namespace tandem
