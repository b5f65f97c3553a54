#include "engine/flow/catalog_types.hpp"

#include "codecs/values/array_text.hpp"

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::engine {
namespace {

// Not the rows of tables, which are types as well.
constexpr char const* types_of_users =
    "SELECT t.oid, CASE WHEN t.typtype = 'd' THEN 'd' WHEN t.typtype = 'e' THEN 'e' WHEN t.typtype = 'c' THEN 'c' "
    "WHEN t.typcategory = 'A' THEN 'a' ELSE 'b' END, t.typname, CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE "
    "t.typelem END, t.typtypmod, ARRAY(SELECT e.enumlabel FROM pg_enum AS e WHERE e.enumtypid = t.oid ORDER BY "
    "e.enumsortorder)::text FROM pg_type AS t WHERE t.oid >= 16384 OR t.typtype = 'd'";

event::type_facts::sort sort_of(std::string_view letter) noexcept {
    using sort = event::type_facts::sort;
    switch (letter.front()) {
    case 'd':
        return sort::domain;
    case 'e':
        return sort::enumeration;
    case 'c':
        return sort::composite;
    case 'a':
        return sort::array;
    default:
        return sort::base;
    }
}

std::vector<std::string> labels_of(std::string_view array) {
    std::vector<std::string> labels;
    values::array_text_reader in{array};
    using kind = values::array_text_reader::kind;
    for (auto token = in.next(); token.what != kind::end && token.what != kind::failed;
         token = in.next()) {
        if (token.what == kind::value) {
            labels.emplace_back(token.text);
        }
    }
    return labels;
}

} // namespace

io::awaitable<outcome_of<event::type_table>> read_user_types(std::string node,
                                                             io::pg::connection& link) {
    io::pg::parameters none;
    auto found = co_await link.query(types_of_users, std::move(none));
    if (!found) {
        co_return retry_after(node, "reading its types", found.error());
    }
    event::type_table made;
    for (int row = 0; row < found->size(); ++row) {
        event::type_facts facts;
        facts.what = sort_of(found->text(row, 1));
        facts.name = found->text(row, 2);
        facts.of = {oid_in(*found, row, 3)};
        facts.modifier = static_cast<std::int32_t>(found->integer(row, 4));
        facts.labels = labels_of(found->text(row, 5));
        made.add({oid_in(*found, row, 0)}, std::move(facts));
    }
    co_return made;
}

} // namespace tandem::engine
