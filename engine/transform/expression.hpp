#pragma once
// Conditions over records, for Debezium's Filter and ContentBasedRouter: a part of Groovy's expressions, and nothing that
// could do anything but look. What it takes means there what it means here; docs/decisions/0010 lists it.

#include "codecs/connect/problem.hpp"
#include "engine/transform/java_regex.hpp"
#include "engine/transform/record.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

enum class expression_kind : std::uint8_t {
    literal,
    list,
    name,     // key, value, topic, header, keySchema, valueSchema
    property, // left . text
    index,    // left [ right ]
    call,     // left . text ( arguments )
    negate,   // !
    minus,
    both,   // &&
    either, // ||
    equal,
    unequal,
    matches, // ==~
    less,
    less_or_equal,
    greater,
    greater_or_equal,
    in,
    add,
    subtract,
    multiply,
    remainder,
    choose, // left ? right : third
    elvis,  // left ?: right
};

struct expression_node {
    expression_kind kind = expression_kind::literal;
    value literal;
    std::string text;  // a name
    bool safe = false; // ?.
    std::vector<std::uint32_t> parts;
    std::shared_ptr<java_regex const> regex; // of matches, where it is a literal
};

class expression {
public:
    // Error: illegal_argument, with what is wrong and where.
    [[nodiscard]] static outcome<expression> parse(std::string_view text);

    // What it is for that record; strings that are made live in `memory`. Errors: those of Groovy for what cannot be
    // compared, looked up or called.
    [[nodiscard]] outcome<value> evaluate(record const& of, arena& memory) const;

    [[nodiscard]] std::string const& text() const noexcept { return text_; }

private:
    friend class expression_parser;
    friend class expression_run;

    std::string text_;
    std::vector<expression_node> nodes_;
    std::uint32_t root_ = 0;
    std::shared_ptr<arena> literals_ = std::make_shared<arena>();
};

} // namespace tandem::connect
