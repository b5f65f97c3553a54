#include "engine/core/parked_changes.hpp"

#include "codecs/base/big_endian.hpp"
#include "codecs/event/stream_notes.hpp"

#include <cstring>
#include <limits>
#include <stdexcept>
#include <utility>
#include <variant>

namespace tandem::engine {
namespace {

using pgoutput::column_kind;

// Columns in the shape's order; `absent` stands for those without a value.
pgoutput::tuple_view tuple_of(parked_keys::key_values const& values,
                              pgoutput::relation_shape const& shape, column_kind absent,
                              arena& into) {
    std::size_t size = 0;
    for (auto const& [name, value] : values) {
        size += value ? value->size() : 0;
    }
    char* const start = into.reserve(size + shape.columns.size() * 5);
    char* out = start;
    for (auto const& column : shape.columns) {
        auto const found = values.find(column.name);
        if (found == values.end() || !found->second) {
            *out++ = static_cast<char>(found == values.end() ? absent : column_kind::null);
            continue;
        }
        std::string_view const bytes{*found->second};
        *out++ = static_cast<char>(column_kind::text);
        store_big_endian(out, static_cast<std::uint32_t>(bytes.size()));
        out += 4;
        std::memcpy(out, bytes.data(), bytes.size());
        out += bytes.size();
    }
    return {static_cast<std::uint16_t>(shape.columns.size()),
            into.commit(static_cast<std::size_t>(out - start))};
}

std::optional<change_kind> kind_of(std::string_view operation) noexcept {
    if (operation == "insert") {
        return change_kind::insert;
    }
    if (operation == "update" || operation == touch_operation) {
        return change_kind::update;
    }
    if (operation == "delete") {
        return change_kind::remove;
    }
    if (operation == "truncate") {
        return change_kind::truncate;
    }
    return std::nullopt;
}

} // namespace

void throw_exception_from_error(parked_error const& error, boost::source_location const&) {
    throw std::runtime_error{error.what};
}

parked_result<pgoutput::relation_ptr> parked_changes::shape_of(std::string const& note) {
    auto& known = shapes_[note];
    if (!known) {
        auto read = event::decode_note(note);
        auto* const relation = read ? std::get_if<event::relation_note>(&*read) : nullptr;
        if (relation == nullptr) {
            shapes_.erase(note);
            return parked_error{
                note.empty()
                    ? "an older version parked it, without the columns' types: write its row "
                      "by hand, then drop it (tandem parked drop)"
                    : "its shape in tandem.parked cannot be read: write its row by hand, "
                      "then drop it (tandem parked drop)"};
        }
        known = std::make_shared<pgoutput::relation_shape const>(std::move(relation->shape));
    }
    return known;
}

parked_result<restored_change> parked_changes::restore(parked_values const& from, arena& into) {
    auto const shape = shape_of(from.shape);
    if (!shape) {
        return shape.error();
    }
    auto const kind = kind_of(from.operation);
    bool const truncates = kind == change_kind::truncate;
    bool const writes = kind == change_kind::insert || kind == change_kind::update;
    if (!kind || (!truncates && !from.key) || (writes && !from.row)) {
        return parked_error{"tandem.parked does not hold all of it"};
    }
    restored_change made;
    made.shape = *shape;
    auto& what = made.what;
    what.kind = *kind;
    what.shape = truncates ? nullptr : made.shape.get();
    if (writes) {
        what.new_row = tuple_of(*from.row, **shape, column_kind::unchanged, into);
    }
    if (what.kind == change_kind::remove || (what.kind == change_kind::update && from.old_key)) {
        auto const& old_row = from.old_key ? *from.old_key : *from.key;
        what.old_row = tuple_of(old_row, **shape, column_kind::null, into);
        what.old_kind = pgoutput::old_row_kind::key;
    }
    return made;
}

} // namespace tandem::engine
