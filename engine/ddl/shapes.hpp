#pragma once
// Reading shapes, and the three ways. Of engine/ddl alone.

#include "codecs/sql/quote.hpp"
#include "engine/ddl/decide.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::engine::ddl {

// Empty where it is not there.
[[nodiscard]] std::string text(shape const& of, char const* key);
[[nodiscard]] bool flag(shape const& of, char const* key);
[[nodiscard]] shape const& list(shape const& of, char const* key);
[[nodiscard]] shape const& value(shape const& of, char const* key);

// "schema"."name"
[[nodiscard]] std::string qualified(shape const& of);
// table public.person
[[nodiscard]] std::string shown(shape const& of);

// The element of a list that has that name; null: none.
[[nodiscard]] shape const* named(shape const& elements, std::string const& name);

// An element of a list (a column, a constraint ...) as it was and as it is: by its number in the catalog, which stays when
// it is renamed.
struct part {
    shape const* before = nullptr;
    shape const* after = nullptr;

    [[nodiscard]] bool added() const noexcept { return before == nullptr; }
    [[nodiscard]] bool removed() const noexcept { return after == nullptr; }
    [[nodiscard]] bool renamed() const;
};
// Of the list of that key in both; those that are in one alone as well, removed ones first.
[[nodiscard]] std::vector<part> parts_of(object_change const& change, char const* key);

enum class way { stays, change, clash };
[[nodiscard]] way three_way(shape const& before, shape const& after, shape const& here);
// Of what no row depends on (comments, owners, options): a clash pauses nothing, the greater text stays on both.
[[nodiscard]] bool takes(shape const& before, shape const& after, shape const& here);
// The same of a sequence's options; but one that counts in steps of its own here keeps them (--ids stride).
[[nodiscard]] bool takes_option(bool of_steps, shape const& before, shape const& after,
                                shape const& here);

// What an element may be called here: as it is there now, or, where it was renamed, as it was.
struct found_part {
    shape const* here = nullptr;
    bool by_old_name = false;
};
[[nodiscard]] found_part find_here(part const& of, shape const& elements);

// Where an index definition names its table, and how long: CREATE INDEX name ON schema.table USING ...
[[nodiscard]] std::optional<std::pair<std::size_t, std::size_t>> place_of_table(
    std::string const& def);

[[nodiscard]] std::string clash_text(std::string const& what, shape const& before,
                                     shape const& after, shape const& here);

// Names, owner, comment and rights, of any kind. `target`: as ALTER has it, "TABLE \"public\".\"person\"".
void decide_common(object_change const& change, shape const& here, std::string const& target,
                   surroundings const& around, decision& into);
// Constraints, indexes, triggers, policies of a table or view that has its columns by now. `first`: what has to go before
// columns do.
void remove_parts(object_change const& change, shape const& here, decision& into);
void rename_parts(object_change const& change, shape const& here, decision& into);
void add_parts(object_change const& change, shape const& here, decision& into);

[[nodiscard]] std::string column_definition(shape const& column);
// `column`: ALTER TABLE ... ALTER COLUMN ...; `table`: as people are told of it.
void change_identity(part const& of, shape const& here, std::string const& column,
                     std::string const& table, decision& into);
// Its comment, how it is stored, what ANALYZE keeps of it: of one that is new as well, which has no others yet.
void change_column_details(part const& of, shape const& here, std::string const& table,
                           surroundings const& around, decision& into);

[[nodiscard]] decision decide_table(object_change const& change, surroundings const& around);
[[nodiscard]] decision decide_type(object_change const& change, surroundings const& around);
[[nodiscard]] decision decide_sequence(object_change const& change, surroundings const& around);
[[nodiscard]] decision decide_view(object_change const& change, surroundings const& around);
[[nodiscard]] decision decide_routine(object_change const& change, surroundings const& around);
[[nodiscard]] decision decide_schema(object_change const& change, surroundings const& around);
[[nodiscard]] decision decide_statistics(object_change const& change, surroundings const& around);

} // namespace tandem::engine::ddl
