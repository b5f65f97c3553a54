#include "engine/flow/record_keys.hpp"

#include <utility>

namespace tandem::engine {
namespace {

constexpr char const* primary_keys_of_full =
    "SELECT n.nspname, c.relname, a.attname FROM pg_publication_tables AS p JOIN pg_namespace AS n ON "
    "n.nspname = p.schemaname JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.tablename "
    "JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisprimary CROSS JOIN LATERAL "
    "unnest(i.indkey) WITH ORDINALITY AS k (attnum, place) JOIN pg_attribute AS a ON a.attrelid = c.oid AND "
    "a.attnum = k.attnum AND k.place <= i.indnkeyatts WHERE p.pubname = 'tandem' AND c.relreplident = 'f'";

} // namespace

io::awaitable<outcome_of<decltype(record_style::keys)>> read_record_keys(
    std::string node, io::pg::connection& source) {
    io::pg::parameters none;
    auto found = co_await source.query(primary_keys_of_full, std::move(none));
    if (!found) {
        co_return retry_after(node, "asking for the keys of the synced tables", found.error());
    }
    decltype(record_style::keys) keys;
    for (int row = 0; row < found->size(); ++row) {
        keys[table_id(found->text(row, 0), found->text(row, 1))].emplace_back(found->text(row, 2));
    }
    co_return keys;
}

} // namespace tandem::engine
