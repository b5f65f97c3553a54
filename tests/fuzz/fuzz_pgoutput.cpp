// decode() on any bytes. The oracle: a message that is accepted, walked through its views and written
// again by the tests' builder (which shares no code with the decoder) is the input, byte for byte.
// So nothing is misread, nothing skipped and nothing invented; the sanitizers see the rest.
#include "codecs/pgoutput/message.hpp"
#include "codecs/pgoutput/relation_cache.hpp"
#include "tests/support/pgoutput_builder.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace tandem::pgoutput {
namespace {

std::string rewritten(begin const& read) {
    return wire::begin(read.final_lsn.value, read.commit_time.us, read.transaction.value);
}

std::string rewritten(commit const& read) {
    return wire::commit(read.commit_lsn.value, read.end_lsn.value, read.commit_time.us);
}

std::string rewritten(origin const& read) {
    return wire::origin(read.origin_lsn.value, read.name);
}

std::string rewritten(relation const& read) {
    std::vector<wire::relation_column> columns;
    relation::column_cursor cursor{read};
    for (std::uint32_t left = read.column_count; left > 0; --left) {
        relation_column_view const column = cursor.next();
        columns.push_back(
            {std::string{column.name}, column.type.value, column.key, column.type_modifier});
    }
    return wire::relation(read.id.value, read.schema, read.name, read.replica_identity, columns);
}

std::string rewritten(type const& read) {
    return wire::type(read.id.value, read.schema, read.name);
}

std::string rewritten(insert const& read) {
    return wire::insert(read.relation_id.value, wire::columns_of(read.new_row));
}

std::string rewritten(update const& read) {
    wire::columns const row = wire::columns_of(read.new_row);
    if (read.old_kind == old_row_kind::none) {
        return wire::update(read.relation_id.value, row);
    }
    return wire::update(read.relation_id.value, static_cast<char>(read.old_kind),
                        wire::columns_of(read.old_row), row);
}

std::string rewritten(remove const& read) {
    return wire::remove(read.relation_id.value, static_cast<char>(read.old_kind),
                        wire::columns_of(read.old_row));
}

std::string rewritten(truncate const& read) {
    std::vector<std::uint32_t> relations;
    for (std::uint32_t index = 0; index < read.relation_count; ++index) {
        relations.push_back(read.relation_id(index).value);
    }
    return wire::truncate(relations, read.cascade, read.restart_identity);
}

std::string rewritten(logical_message const& read) {
    return wire::logical_message(read.transactional, read.position.value, read.prefix,
                                 read.content);
}

// The cache owns what it stores and knows it again.
void store_twice(relation const& read) {
    relation_cache cache;
    bool const stored = cache.store(read) == relation_cache::outcome::added &&
                        cache.store(read) == relation_cache::outcome::unchanged &&
                        (*cache.find(read.id))->columns.size() == read.column_count;
    if (!stored) {
        std::abort();
    }
}

} // namespace
} // namespace tandem::pgoutput

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace tandem;
    std::string_view const input{reinterpret_cast<char const*>(data), size};
    auto const decoded = pgoutput::decode(input);
    if (!decoded.has_value()) {
        if (decoded.error().category() != codec_category() || !decoded.error().failed()) {
            std::abort();
        }
        return 0;
    }
    std::string const again =
        std::visit([](auto const& read) { return pgoutput::rewritten(read); }, *decoded);
    if (again != input) {
        std::abort();
    }
    if (auto const* const relation = std::get_if<pgoutput::relation>(&*decoded)) {
        pgoutput::store_twice(*relation);
    }
    return 0;
}
