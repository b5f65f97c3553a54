#include "codecs/pgoutput/relation_cache.hpp"

#include <utility>

namespace tandem::pgoutput {
namespace {

relation_shape own(relation const& described) {
    relation_shape shape;
    shape.id = described.id;
    shape.schema = described.schema.empty() ? std::string_view{"pg_catalog"} : described.schema;
    shape.name = described.name;
    shape.replica_identity = described.replica_identity;
    shape.columns.reserve(described.column_count);
    relation::column_cursor cursor{described};
    for (std::uint32_t left = described.column_count; left > 0; --left) {
        relation_column_view const column = cursor.next();
        shape.columns.push_back(
            {std::string{column.name}, column.type, column.type_modifier, column.key});
    }
    return shape;
}

} // namespace

relation_cache::outcome relation_cache::store(relation const& described, std::uint64_t order) {
    relation_shape shape = own(described);
    auto const known = shapes_.find(described.id.value);
    if (known == shapes_.end()) {
        shapes_.emplace(described.id.value,
                        entry{std::make_shared<relation_shape const>(std::move(shape)), order});
        return outcome::added;
    }
    known->second.order = order;
    // An equal shape keeps its pointer: whoever prepared statements for it need not look again.
    if (*known->second.shape == shape) {
        return outcome::unchanged;
    }
    known->second.shape = std::make_shared<relation_shape const>(std::move(shape));
    return outcome::changed;
}

void relation_cache::adopt(relation_ptr shape) {
    auto const id = shape->id.value;
    shapes_.insert_or_assign(id, entry{std::move(shape), 0});
}

void relation_cache::adopt_newer(relation_cache const& from) {
    for (auto const& [id, theirs] : from.shapes_) {
        entry& ours = shapes_[id];
        if (ours.shape == nullptr || ours.order < theirs.order) {
            ours = theirs;
        }
    }
}

void relation_cache::rename_schema(std::string const& from, std::string const& to) {
    for (auto& [id, known] : shapes_) {
        if (known.shape != nullptr && known.shape->schema == from) {
            auto renamed = std::make_shared<relation_shape>(*known.shape);
            renamed->schema = to;
            known.shape = std::move(renamed);
        }
    }
}

relation_ptr const* relation_cache::find(oid id) const noexcept {
    auto const known = shapes_.find(id.value);
    return known == shapes_.end() ? nullptr : &known->second.shape;
}

} // namespace tandem::pgoutput
