// What an expression is for a record, as Groovy has it.

#include "codecs/connect/java_text.hpp"
#include "engine/transform/expression.hpp"
#include "engine/transform/groovy_values.hpp"
#include "engine/transform/requirements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <compare>
#include <optional>
#include <string>
#include <utility>

namespace tandem::connect {
namespace {

// Things that are no values of a record's.
enum class thing : std::uint8_t { value, headers, header, schema };

struct operand {
    thing is = thing::value;
    value what;
    schema const* of = nullptr;
    record_header const* header = nullptr;
};

} // namespace

class expression_run {
public:
    expression_run(expression const& of, record const& in, arena& memory)
        : of_{of}, in_{in}, memory_{memory} {}

    outcome<value> whole() {
        auto made = run(of_.root_);
        if (!made) {
            return made.error();
        }
        return made->is == thing::value ? outcome<value>{made->what}
                                        : failed("it is neither a text nor a truth");
    }

private:
    using tree = expression_node;
    using kind = expression_kind;

    outcome<operand> run(std::uint32_t number) {
        auto const& node = of_.nodes_[number];
        switch (node.kind) {
        case kind::literal:
            return operand{thing::value, node.literal};
        case kind::name:
            return named(node.text);
        case kind::property:
            return property(node);
        case kind::call:
            return call(node);
        case kind::index:
            return index(node);
        case kind::choose:
            return choose(node);
        default:
            break;
        }
        auto made = computed(node);
        return made ? outcome<operand>{operand{thing::value, *made}}
                    : outcome<operand>{made.error()};
    }

    outcome<value> plain(std::uint32_t number) {
        auto made = run(number);
        if (!made) {
            return made.error();
        }
        return made->is == thing::value
                   ? outcome<value>{made->what}
                   : failed("a header or schema by itself is no value: take its .value or .name()");
    }

    outcome<value> computed(tree const& of) {
        if (of.kind == kind::list) {
            return list(of);
        }
        auto const left = plain(of.parts[0]);
        if (!left) {
            return left;
        }
        switch (of.kind) {
        case kind::negate:
            return value::of_boolean(!is_true(*left));
        case kind::minus:
            return arithmetic(kind::subtract, value::of_integer(value_kind::int32, 0), *left);
        case kind::both:
            return is_true(*left) ? truth(of.parts[1]) : value::of_boolean(false);
        case kind::either:
            return is_true(*left) ? outcome<value>{value::of_boolean(true)} : truth(of.parts[1]);
        case kind::elvis:
            return is_true(*left) ? left : plain(of.parts[1]);
        default:
            break;
        }
        auto const right = plain(of.parts[1]);
        return right ? combined(of, *left, *right) : right;
    }

    outcome<value> truth(std::uint32_t number) {
        auto const made = plain(number);
        return made ? outcome<value>{value::of_boolean(is_true(*made))} : made;
    }

    outcome<value> combined(tree const& of, value const& left, value const& right) {
        switch (of.kind) {
        case kind::equal:
            return value::of_boolean(equals(left, right));
        case kind::unequal:
            return value::of_boolean(!equals(left, right));
        case kind::matches:
            return matches(of, left, right);
        case kind::in:
            return value::of_boolean(is_in(left, right));
        case kind::add:
            if (is_string(left) || is_string(right)) {
                return value::of_string(memory_.keep(shown(left) + shown(right)));
            }
            return arithmetic(of.kind, left, right);
        case kind::subtract:
        case kind::multiply:
        case kind::remainder:
            return arithmetic(of.kind, left, right);
        default:
            break;
        }
        auto const order = compare(left, right);
        if (!order) {
            return order.error();
        }
        bool const holds = of.kind == kind::less            ? *order < 0
                           : of.kind == kind::less_or_equal ? *order <= 0
                           : of.kind == kind::greater       ? *order > 0
                                                            : *order >= 0;
        return value::of_boolean(holds);
    }

    outcome<value> list(tree const& of) {
        auto const made = make_array<value>(memory_, of.parts.size());
        for (std::size_t at = 0; at < made.size(); ++at) {
            auto each = plain(of.parts[at]);
            if (!each) {
                return each;
            }
            made[at] = *each;
        }
        return value::of_array(made);
    }

    static std::string shown(value const& of) { return of.is_null() ? "null" : text_of(of); }

    static outcome<value> matches(tree const& of, value const& left, value const& right) {
        if (left.is_null()) {
            return value::of_boolean(false);
        }
        auto const text = shown(left);
        if (of.regex != nullptr) {
            return value::of_boolean(of.regex->matches(text));
        }
        if (right.is_null()) {
            return value::of_boolean(false);
        }
        if (!is_string(right)) {
            return failed(
                fmt::format("==~ wants an expression on its right, not {}", described(right)));
        }
        auto const regex = java_regex::of(right.text());
        return regex ? outcome<value>{value::of_boolean(regex->matches(text))}
                     : outcome<value>{regex.error()};
    }

    outcome<operand> choose(tree const& of) {
        auto const which = plain(of.parts[0]);
        if (!which) {
            return which.error();
        }
        return run(of.parts[is_true(*which) ? 1 : 2]);
    }

    [[nodiscard]] outcome<operand> named(std::string_view name) const {
        if (name == "key") {
            return operand{thing::value, in_.key.what};
        }
        if (name == "value") {
            return operand{thing::value, in_.value.what};
        }
        if (name == "topic") {
            return operand{thing::value, value::of_string(in_.topic)};
        }
        if (name == "header") {
            return operand{thing::headers, {}};
        }
        return operand{
            thing::schema, {}, name == "keySchema" ? in_.key.of.get() : in_.value.of.get()};
    }

    // The last of a name, as Debezium puts them into a map.
    [[nodiscard]] operand header(std::string_view name) const {
        operand made;
        for (auto const& each : in_.headers) {
            if (each.name == name) {
                made = {thing::header, {}, nullptr, &each};
            }
        }
        return made;
    }

    static outcome<operand> field(value const& of, std::string_view name) {
        if (of.kind() == value_kind::map) {
            return operand{thing::value, entry_of(of, name)};
        }
        if (of.kind() == value_kind::structure) {
            auto const index = of.shape().index_of(name);
            if (!index) {
                return data_problem(fmt::format("{} is not a valid field name", name));
            }
            return operand{thing::value, field_value(of, *index, true)};
        }
        return failed(fmt::format("{} has no '{}'", described(of), name));
    }

    outcome<operand> property(tree const& of) {
        auto const left = run(of.parts[0]);
        if (!left) {
            return left;
        }
        if (left->is == thing::headers) {
            return header(of.text);
        }
        if (left->is == thing::header && of.text == "value") {
            return operand{thing::value, left->header->what.what};
        }
        if (left->is == thing::header && of.text == "schema") {
            return operand{thing::schema, {}, left->header->what.of.get()};
        }
        if (left->is != thing::value) {
            return failed(fmt::format("there is no '{}'", of.text));
        }
        if (left->what.is_null()) {
            return of.safe ? outcome<operand>{operand{}}
                           : outcome<operand>{problem{
                                 problem_kind::null_pointer,
                                 fmt::format("Cannot get property '{}' on null object", of.text)}};
        }
        return field(left->what, of.text);
    }

    outcome<operand> index(tree const& of) {
        auto const left = run(of.parts[0]);
        if (!left) {
            return left;
        }
        auto const at = plain(of.parts[1]);
        if (!at) {
            return at.error();
        }
        if (left->is == thing::headers && is_string(*at)) {
            return header(at->text());
        }
        if (left->is == thing::value && left->what.is_null()) {
            return problem{problem_kind::null_pointer,
                           "Cannot invoke method getAt() on null object"};
        }
        if (left->is == thing::value && is_string(*at)) {
            return field(left->what, at->text());
        }
        if (left->is == thing::value && left->what.kind() == value_kind::array && is_integer(*at)) {
            auto const all = left->what.elements();
            auto const size = static_cast<std::int64_t>(all.size());
            auto const place = at->number() < 0 ? at->number() + size : at->number();
            if (place < 0) {
                return problem{problem_kind::index_out_of_bounds,
                               fmt::format("Negative array index [{}] too large for array size {}",
                                           at->number(), size)};
            }
            return operand{thing::value, place >= 0 && place < size
                                             ? all[static_cast<std::size_t>(place)]
                                             : value{}};
        }
        return failed("[] wants a name, or a list and a number");
    }

    outcome<operand> call(tree const& of) {
        auto const left = run(of.parts[0]);
        if (!left) {
            return left;
        }
        if (left->is == thing::schema && of.text == "name" && of.parts.size() == 1 &&
            left->of != nullptr) {
            return operand{thing::value,
                           left->of->name ? value::of_string(*left->of->name) : value{}};
        }
        bool const on_null = left->is == thing::value && left->what.is_null();
        if (on_null && of.safe) {
            return operand{};
        }
        std::vector<value> arguments;
        for (std::size_t at = 1; at < of.parts.size(); ++at) {
            auto each = plain(of.parts[at]);
            if (!each) {
                return each.error();
            }
            arguments.push_back(*each);
        }
        if (on_null) {
            return of_null(of.text, arguments);
        }
        if (left->is == thing::headers && of.text == "containsKey" && arguments.size() == 1 &&
            is_string(arguments[0])) {
            return operand{thing::value,
                           value::of_boolean(header(arguments[0].text()).is == thing::header)};
        }
        if (left->is != thing::value) {
            return failed(fmt::format("there is no '{}()'", of.text));
        }
        auto made = method(left->what, of.text, arguments);
        return made ? outcome<operand>{operand{thing::value, *made}}
                    : outcome<operand>{made.error()};
    }

    static outcome<operand> of_null(std::string_view name, std::span<value const> given) {
        if (name == "toString" && given.empty()) {
            return operand{thing::value, value::of_string("null")};
        }
        if (name == "equals" && given.size() == 1) {
            return operand{thing::value, value::of_boolean(given[0].is_null())};
        }
        return problem{problem_kind::null_pointer,
                       fmt::format("Cannot invoke method {}() on null object", name)};
    }

    outcome<value> method(value const& on, std::string_view name, std::span<value const> given) {
        if (given.empty() && (name == "size" || name == "length" || name == "isEmpty")) {
            return measure(on, name);
        }
        if (given.size() == 1 && is_string(given[0]) && name.starts_with("get")) {
            auto found = field(on, given[0].text());
            return found ? outcome<value>{found->what} : outcome<value>{found.error()};
        }
        if (given.size() == 1 && name == "contains" && on.kind() == value_kind::array) {
            return value::of_boolean(is_in(given[0], on));
        }
        if (given.size() == 1 && name == "containsKey" && on.kind() == value_kind::map) {
            return value::of_boolean(is_in(given[0], on));
        }
        if (given.size() == 1 && name == "equals") {
            return value::of_boolean(same(on, given[0]));
        }
        if (given.empty() && name == "toString") {
            return value::of_string(memory_.keep(shown(on)));
        }
        if (is_string(on)) {
            if (auto made = of_string(on.text(), name, given)) {
                return *made;
            }
        }
        return failed(fmt::format("{} has no method {}() with {} arguments here", described(on),
                                  name, given.size()));
    }

    static outcome<value> measure(value const& on, std::string_view name) {
        std::size_t size = 0;
        if (on.kind() == value_kind::array) {
            size = on.elements().size();
        } else if (on.kind() == value_kind::map) {
            size = on.entries().size();
        } else if (is_string(on)) { // in UTF-16, as Java counts
            for (char const byte : on.text()) {
                auto const each = static_cast<unsigned char>(byte);
                size += (each & 0xC0U) != 0x80U ? 1U : 0U;
                size += each >= 0xF0U ? 1U : 0U;
            }
        } else {
            return failed(fmt::format("{} has no {}()", described(on), name));
        }
        return name == "isEmpty"
                   ? value::of_boolean(size == 0)
                   : value::of_integer(value_kind::int32, static_cast<std::int64_t>(size));
    }

    std::optional<value> of_string(std::string_view on, std::string_view name,
                                   std::span<value const> given) {
        if (given.empty()) {
            return changed(on, name);
        }
        if (given.size() != 1 || !is_string(given[0])) {
            return std::nullopt;
        }
        auto const with = given[0].text();
        if (name == "startsWith") {
            return value::of_boolean(on.starts_with(with));
        }
        if (name == "endsWith") {
            return value::of_boolean(on.ends_with(with));
        }
        if (name == "contains") {
            return value::of_boolean(on.find(with) != std::string_view::npos);
        }
        if (name == "equalsIgnoreCase") {
            return value::of_boolean(folded(on, false) == folded(with, false));
        }
        if (name == "matches") {
            auto const regex = java_regex::of(with);
            return regex ? std::optional{value::of_boolean(regex->matches(on))} : std::nullopt;
        }
        return std::nullopt;
    }

    std::optional<value> changed(std::string_view on, std::string_view name) {
        if (name == "toLowerCase" || name == "toUpperCase") {
            return value::of_string(memory_.keep(folded(on, name == "toUpperCase")));
        }
        if (name == "trim") {
            auto const blank = [](char each) { return static_cast<unsigned char>(each) <= ' '; };
            while (!on.empty() && blank(on.front())) {
                on.remove_prefix(1);
            }
            while (!on.empty() && blank(on.back())) {
                on.remove_suffix(1);
            }
            return value::of_string(on);
        }
        return std::nullopt;
    }

    // Of ASCII letters alone.
    static std::string folded(std::string_view text, bool up) {
        std::string made{text};
        for (char& each : made) {
            if (up && each >= 'a' && each <= 'z') {
                each = static_cast<char>(each - 'a' + 'A');
            } else if (!up && each >= 'A' && each <= 'Z') {
                each = static_cast<char>(each - 'A' + 'a');
            }
        }
        return made;
    }

    expression const& of_;
    record const& in_;
    arena& memory_;
};

outcome<value> expression::evaluate(record const& of, arena& memory) const {
    return expression_run{*this, of, memory}.whole();
}

} // namespace tandem::connect
