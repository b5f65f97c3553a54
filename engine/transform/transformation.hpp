#pragma once
// Transformations and predicates, made once from a configuration and applied to every record.
// https://kafka.apache.org/39/javadoc/org/apache/kafka/connect/transforms/Transformation.html

#include "engine/config/definitions.hpp"
#include "engine/transform/record.hpp"

#include <memory>
#include <span>
#include <string_view>

namespace tandem::connect {

class transformation {
public:
    virtual ~transformation() = default;
    transformation() = default;
    transformation(transformation const&) = delete;
    transformation& operator=(transformation const&) = delete;

    // Changes the record; new values live in `memory`. False: it is dropped. After an error the record may be changed in
    // part: who needs it as it was keeps a copy, which shares its values.
    [[nodiscard]] virtual outcome<bool> apply(record& of, arena& memory) = 0;
};

class predicate {
public:
    virtual ~predicate() = default;
    predicate() = default;
    predicate(predicate const&) = delete;
    predicate& operator=(predicate const&) = delete;

    [[nodiscard]] virtual bool test(record const& of) const = 0;
};

using transformation_ptr = std::unique_ptr<transformation>;
using predicate_ptr = std::unique_ptr<predicate>;

// What a class name in a configuration stands for.
struct transformation_class {
    std::string_view name;
    setting_definitions (*definitions)();
    outcome<transformation_ptr> (*make)(settings const& by);
};
struct predicate_class {
    std::string_view name;
    setting_definitions (*definitions)();
    outcome<predicate_ptr> (*make)(settings const& by);
};

[[nodiscard]] std::span<transformation_class const> transformation_classes();
[[nodiscard]] std::span<predicate_class const> predicate_classes();
[[nodiscard]] transformation_class const* find_transformation(std::string_view class_name);
[[nodiscard]] predicate_class const* find_predicate(std::string_view class_name);

} // namespace tandem::connect
