#include "engine/transform/envelope_reference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tandem::connect {
namespace {

std::string_view structure_of(std::string_view field) noexcept {
    constexpr std::array<std::string_view, 3> of_transaction{"id", "data_collection_order",
                                                             "total_order"};
    constexpr std::array<std::string_view, 4> of_envelope{"op", "ts_ms", "ts_us", "ts_ns"};
    if (std::ranges::find(of_transaction, field) != of_transaction.end()) {
        return "transaction";
    }
    return std::ranges::find(of_envelope, field) != of_envelope.end() ? "" : "source";
}

problem no_structure() {
    return {
        problem_kind::null_pointer,
        "Cannot invoke \"org.apache.kafka.connect.data.Field.schema()\" because the return value "
        "of \"org.apache.kafka.connect.data.Schema.field(String)\" is null"};
}

} // namespace

outcome<std::vector<envelope_reference>> references_of(string_list const& texts,
                                                       std::string_view prefix) {
    std::vector<envelope_reference> made;
    for (auto const& text : texts) {
        auto const colon = text.find(':');
        if (colon != std::string::npos && text.find(':', colon + 1) != std::string::npos) {
            return problem{problem_kind::illegal_argument,
                           fmt::format("Unexpected field name: {}", text)};
        }
        auto const path = std::string_view{text}.substr(0, colon);
        auto const dot = path.find('.');
        envelope_reference each;
        each.field = dot == std::string_view::npos ? path : path.substr(dot + 1);
        each.field.resize(std::min(each.field.find('.'), each.field.size()));
        each.structure =
            dot == std::string_view::npos ? structure_of(each.field) : path.substr(0, dot);
        each.new_name = prefix;
        if (colon != std::string::npos && colon + 1 < text.size()) {
            each.new_name += std::string_view{text}.substr(colon + 1);
        } else {
            each.new_name += dot == std::string_view::npos
                                 ? each.field
                                 : fmt::format("{}_{}", each.structure, each.field);
        }
        made.push_back(std::move(each));
    }
    return made;
}

outcome<std::vector<envelope_part>> resolve(std::vector<envelope_reference> const& all,
                                            schema const& envelope) {
    std::vector<envelope_part> made;
    for (auto const& each : all) {
        envelope_part place{{}, 0, nullptr, each.new_name};
        auto const* parent = &envelope;
        if (!each.structure.empty()) {
            place.structure = envelope.index_of(each.structure);
            if (!place.structure) {
                return no_structure();
            }
            parent = envelope.fields[*place.structure].of.get();
        }
        auto found = parent->index_of(each.field);
        if (!found && parent != &envelope) {
            parent = &envelope;
            place.structure.reset();
            found = envelope.index_of(each.field);
        }
        if (!found) {
            continue;
        }
        place.field = *found;
        auto const& original = *parent->fields[*found].of;
        auto of = basics_of(original);
        of->optional = true;
        of->fields = original.fields;
        of->key = original.key;
        of->element = original.element;
        place.of = std::move(of);
        made.push_back(std::move(place));
    }
    return made;
}

value value_at(envelope_part const& place, value const& envelope) noexcept {
    if (!place.structure) {
        return envelope.field(place.field);
    }
    auto const& parent = envelope.field(*place.structure);
    return parent.is_null() ? value{} : parent.field(place.field);
}

} // namespace tandem::connect
