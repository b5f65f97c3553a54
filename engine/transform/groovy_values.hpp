#pragma once
// What Groovy's operators make of values.
// https://docs.groovy-lang.org/docs/groovy-4.0.24/html/documentation/core-operators.html

#include "codecs/connect/problem.hpp"
#include "codecs/connect/value.hpp"
#include "engine/transform/expression.hpp"

#include <compare>
#include <string>

namespace tandem::connect {

[[nodiscard]] problem failed(std::string what);
// "a java.lang.String"
[[nodiscard]] std::string described(value const& of);

[[nodiscard]] bool is_integer(value const& of) noexcept;
[[nodiscard]] inline bool is_string(value const& of) noexcept {
    return of.kind() == value_kind::string;
}
// What stands for true in a condition: what is neither null, false, zero nor empty.
[[nodiscard]] bool is_true(value const& of) noexcept;

// ==: numbers by their value, whatever their types.
[[nodiscard]] bool equals(value const& left, value const& right);
// in: by Java's equals(), as there: an Integer is no Long.
[[nodiscard]] bool is_in(value const& left, value const& right);
// <: a null is the least. Error: they are of kinds that have no order.
[[nodiscard]] outcome<std::partial_ordering> compare(value const& left, value const& right);
// add, subtract, multiply, remainder. Errors: no numbers, a result beyond its type, a division by zero.
[[nodiscard]] outcome<value> arithmetic(expression_kind by, value const& left, value const& right);

} // namespace tandem::connect
