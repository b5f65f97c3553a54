#pragma once
// The way to a field: its name or, with the second version of the syntax, names with dots between.
// https://cwiki.apache.org/confluence/display/KAFKA/KIP-821%3A+Connect+Transforms+support+for+nested+structures

#include "codecs/connect/problem.hpp"
#include "codecs/connect/schema.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

class field_path {
public:
    // Error: config, for a backtick without its second.
    [[nodiscard]] static outcome<field_path> of(std::string_view path, bool nested);

    // The field's schema; null when there is no such field.
    [[nodiscard]] outcome<schema_ptr> field_of(schema_ptr const& in) const;
    // The field's value; a null when it, or something on the way, is not there. Errors: data, for something on the way
    // that is neither structure nor map.
    [[nodiscard]] outcome<value> in_structure(value const& structure, bool null_with_default) const;
    [[nodiscard]] outcome<value> in_map(value const& map) const;

private:
    std::vector<std::string> steps_;
};

} // namespace tandem::connect
