#pragma once
// The transformations of a connector, one after the other, as its configuration names them: transforms,
// transforms.NAME.type, .predicate, .negate, and predicates.NAME.type.
// https://kafka.apache.org/39/documentation/#connect_transforms

#include "engine/transform/transformation.hpp"

#include <vector>

namespace tandem::connect {

class transformation_chain {
public:
    // From a connector's whole configuration. Errors: config.
    [[nodiscard]] static outcome<transformation_chain> of(property_map const& configuration);

    [[nodiscard]] bool empty() const noexcept { return stages_.empty(); }
    // As transformation::apply().
    [[nodiscard]] outcome<bool> apply(record& of, arena& memory);

private:
    struct stage {
        transformation_ptr what;
        predicate_ptr when; // null: always
        bool negated = false;
    };
    std::vector<stage> stages_;
};

} // namespace tandem::connect
