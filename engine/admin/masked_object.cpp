#include "engine/admin/masked_object.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace tandem::engine {
namespace {

using json = nlohmann::ordered_json;

bool any_hidden(json const& of, column_hider const& hides) {
    for (auto const& [column, value] : of.items()) {
        if (hides(column)) {
            return true;
        }
    }
    return false;
}

} // namespace

masked_text masked_object(std::string object, column_hider const& hides) {
    auto read = json::parse(object, nullptr, false);
    if (!read.is_object() || !any_hidden(read, hides)) { // numbers keep all of their digits
        return {std::move(object), false};
    }
    for (auto& [column, value] : read.items()) {
        if (hides(column)) {
            value = std::string{hidden_value};
        }
    }
    return {read.dump(-1, ' ', false, json::error_handler_t::replace), true};
}

} // namespace tandem::engine
