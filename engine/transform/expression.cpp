#include "engine/transform/expression.hpp"

#include "codecs/connect/java_text.hpp"
#include "codecs/connect/number_kind.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace tandem::connect {
namespace {

bool is_digit(char each) noexcept {
    return each >= '0' && each <= '9';
}
bool starts_name(char each) noexcept {
    return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') || each == '_';
}

enum class token_kind : std::uint8_t { end, name, number, string, sign };

struct token {
    token_kind kind = token_kind::end;
    std::string text; // of a string: without its escapes
    std::size_t at = 0;
};

constexpr std::array<std::string_view, 28> signs{
    "==~", "===", "!==", "<=>", "?.", "?:", "==", "!=", "<=", ">=", "&&", "||", "=~", "++",
    "<",   ">",   "!",   "(",   ")",  "[",  "]",  ",",  ".",  "?",  ":",  "+",  "-",  "*"};
constexpr std::array<std::string_view, 6> refused{"===", "!==", "<=>", "=~", "++", "="};

} // namespace

// Recursive descent, one level of Groovy's precedence a function.
class expression_parser {
public:
    expression_parser(std::string_view text, expression& into) : text_{text}, into_{into} {}

    [[nodiscard]] std::optional<problem> parse() {
        next();
        into_.root_ = ternary();
        if (!wrong_ && now_.kind != token_kind::end) {
            fail(now_.at, fmt::format("unexpected '{}'", now_.text));
        }
        return wrong_;
    }

private:
    using kind = expression_kind;
    using number = std::uint32_t;

    void fail(std::size_t at, std::string what) {
        if (!wrong_) {
            wrong_ = problem{problem_kind::illegal_argument,
                             fmt::format("{} at column {}", what, at + 1)};
        }
        now_ = {};
        left_ = text_.size();
    }

    // --- tokens
    void next() {
        while (left_ < text_.size() && static_cast<unsigned char>(text_[left_]) <= ' ') {
            ++left_;
        }
        now_ = {token_kind::end, "", left_};
        if (left_ == text_.size()) {
            return;
        }
        char const first = text_[left_];
        if (starts_name(first)) {
            take(token_kind::name, [](char each) { return starts_name(each) || is_digit(each); });
        } else if (is_digit(first)) {
            number_token();
        } else if (first == '\'' || first == '"') {
            string_token(first);
        } else {
            sign_token();
        }
    }
    template <class While>
    void take(token_kind of, While&& more) {
        std::size_t const from = left_;
        while (left_ < text_.size() && more(text_[left_])) {
            ++left_;
        }
        now_ = {of, std::string{text_.substr(from, left_ - from)}, from};
    }
    void number_token() {
        std::size_t const from = left_;
        take(token_kind::number, is_digit);
        if (left_ + 1 < text_.size() && text_[left_] == '.' && is_digit(text_[left_ + 1])) {
            ++left_;
            take(token_kind::number, is_digit);
        }
        now_.text = text_.substr(from, left_ - from);
        now_.at = from;
        long_ = left_ < text_.size() && (text_[left_] == 'L' || text_[left_] == 'l');
        left_ += long_ ? 1 : 0;
    }
    void string_token(char quote) {
        std::size_t const from = left_++;
        std::string content;
        while (left_ < text_.size() && text_[left_] != quote) {
            char each = text_[left_++];
            if (each == '$' && quote == '"') {
                fail(from, "a \"text\" with $ is not supported: join with +, or use '…'");
                return;
            }
            if (each == '\\' && left_ < text_.size()) {
                each = text_[left_++];
                constexpr std::string_view names = "ntrbf";
                constexpr std::string_view meant = "\n\t\r\b\f";
                auto const known = names.find(each);
                each = known == std::string_view::npos ? each : meant[known];
            }
            content += each;
        }
        if (left_ == text_.size()) {
            fail(from, "a text without its end");
            return;
        }
        ++left_;
        now_ = {token_kind::string, std::move(content), from};
    }
    void sign_token() {
        auto const rest = text_.substr(left_);
        for (auto const each : signs) {
            if (rest.starts_with(each)) {
                now_ = {token_kind::sign, std::string{each}, left_};
                left_ += each.size();
                break;
            }
        }
        if (now_.kind == token_kind::end && rest.starts_with('%')) {
            now_ = {token_kind::sign, "%", left_++};
        }
        if (now_.kind == token_kind::end ||
            std::ranges::find(refused, now_.text) != refused.end()) {
            fail(left_, fmt::format("'{}' is not supported", rest.substr(0, 1)));
        }
    }
    bool is(std::string_view sign) const {
        return now_.kind == token_kind::sign && now_.text == sign;
    }
    bool take(std::string_view sign) {
        bool const there = is(sign);
        if (there) {
            next();
        }
        return there;
    }
    void expect(std::string_view sign) {
        if (!take(sign)) {
            fail(now_.at, fmt::format("'{}' is missing", sign));
        }
    }

    // --- grammar
    number make(kind of, std::vector<number> parts, std::string text = {}) {
        expression_node node;
        node.kind = of;
        node.parts = std::move(parts);
        node.text = std::move(text);
        into_.nodes_.push_back(std::move(node));
        return static_cast<number>(into_.nodes_.size() - 1);
    }

    number ternary() {
        if (++depth_ > depth_most) {
            fail(now_.at, "nested too deeply");
        }
        auto left = either();
        if (take("?")) {
            auto const yes = ternary();
            expect(":");
            auto const no = ternary();
            left = make(kind::choose, {left, yes, no});
        } else if (take("?:")) {
            left = make(kind::elvis, {left, ternary()});
        }
        --depth_;
        return left;
    }
    number either() {
        auto left = both();
        while (take("||")) {
            left = make(kind::either, {left, both()});
        }
        return left;
    }
    number both() {
        auto left = equality();
        while (take("&&")) {
            left = make(kind::both, {left, equality()});
        }
        return left;
    }
    number equality() {
        auto left = relation();
        for (;;) {
            if (take("==")) {
                left = make(kind::equal, {left, relation()});
            } else if (take("!=")) {
                left = make(kind::unequal, {left, relation()});
            } else if (take("==~")) {
                left = pattern(left);
            } else {
                return left;
            }
        }
    }
    number pattern(number left) {
        auto const at = now_.at;
        auto const right = relation();
        auto const made = make(kind::matches, {left, right});
        auto const& node = into_.nodes_[right];
        if (!wrong_ && node.kind == kind::literal && node.literal.kind() == value_kind::string) {
            auto regex = java_regex::of(node.literal.text());
            if (regex) {
                into_.nodes_[made].regex = std::make_shared<java_regex>(std::move(*regex));
            } else {
                fail(at, regex.error().what);
            }
        }
        return made;
    }
    number relation() {
        constexpr std::array<std::pair<std::string_view, kind>, 4> known{
            {{"<=", kind::less_or_equal},
             {">=", kind::greater_or_equal},
             {"<", kind::less},
             {">", kind::greater}}};
        auto left = sum();
        for (;;) {
            if (now_.kind == token_kind::name && now_.text == "in") {
                next();
                left = make(kind::in, {left, sum()});
                continue;
            }
            auto const* const found =
                std::ranges::find_if(known, [this](auto const& each) { return is(each.first); });
            if (found == known.end()) {
                return left;
            }
            next();
            left = make(found->second, {left, sum()});
        }
    }
    number sum() {
        auto left = product();
        for (;;) {
            if (take("+")) {
                left = make(kind::add, {left, product()});
            } else if (take("-")) {
                left = make(kind::subtract, {left, product()});
            } else {
                return left;
            }
        }
    }
    number product() {
        auto left = unary();
        for (;;) {
            if (take("*")) {
                left = make(kind::multiply, {left, unary()});
            } else if (take("%")) {
                left = make(kind::remainder, {left, unary()});
            } else {
                return left;
            }
        }
    }
    number unary() {
        if (++depth_ > depth_most) {
            fail(now_.at, "nested too deeply");
        }
        number made = 0;
        if (take("!")) {
            made = make(kind::negate, {unary()});
        } else if (take("-")) {
            made = make(kind::minus, {unary()});
        } else {
            made = postfix();
        }
        --depth_;
        return made;
    }
    number postfix() {
        auto left = primary();
        for (;;) {
            bool const safe = is("?.");
            if (safe || is(".")) {
                next();
                left = member(left, safe);
            } else if (take("[")) {
                left = make(kind::index, {left, ternary()});
                expect("]");
            } else {
                return left;
            }
        }
    }
    number member(number left, bool safe) {
        if (now_.kind != token_kind::name && now_.kind != token_kind::string) {
            fail(now_.at, "a name is missing");
            return left;
        }
        auto name = std::exchange(now_.text, {});
        next();
        if (!take("(")) {
            auto const made = make(kind::property, {left}, std::move(name));
            into_.nodes_[made].safe = safe;
            return made;
        }
        std::vector<number> parts{left};
        if (!is(")")) {
            do {
                parts.push_back(ternary());
            } while (take(","));
        }
        expect(")");
        auto const made = make(kind::call, std::move(parts), std::move(name));
        into_.nodes_[made].safe = safe;
        return made;
    }
    number literal(value what) {
        auto const made = make(kind::literal, {});
        into_.nodes_[made].literal = what;
        return made;
    }
    number primary() {
        auto const token = now_;
        switch (token.kind) {
        case token_kind::number: {
            bool const is_long = long_;
            next();
            auto const whole = token.text.find('.') == std::string::npos;
            auto const parts = decimal_of(token.text);
            auto const read = whole ? long_of(token.text) : std::nullopt;
            if (whole && token.text.size() <= 18 && read) { // an int where it fits one, as there
                bool const small = *read == static_cast<std::int32_t>(*read) && !is_long;
                return literal(
                    value::of_integer(small ? value_kind::int32 : value_kind::int64, *read));
            }
            return literal(value::of_decimal(into_.literals_->keep(parts->unscaled), parts->scale));
        }
        case token_kind::string:
            next();
            return literal(value::of_string(into_.literals_->keep(token.text)));
        case token_kind::name:
            next();
            return named(token);
        case token_kind::sign:
            if (take("(")) {
                auto const made = ternary();
                expect(")");
                return made;
            }
            if (take("[")) {
                return list();
            }
            break;
        case token_kind::end:
            break;
        }
        fail(token.at, token.kind == token_kind::end
                           ? std::string{"it ends where a value is wanted"}
                           : fmt::format("unexpected '{}'", token.text));
        return 0;
    }
    number list() {
        std::vector<number> parts;
        if (!is("]")) {
            do {
                parts.push_back(ternary());
            } while (take(","));
        }
        expect("]");
        return make(kind::list, std::move(parts));
    }
    number named(token const& of) {
        constexpr std::array<std::string_view, 6> known{"key",    "value",     "topic",
                                                        "header", "keySchema", "valueSchema"};
        if (of.text == "true" || of.text == "false") {
            return literal(value::of_boolean(of.text == "true"));
        }
        if (of.text == "null") {
            return literal({});
        }
        if (std::ranges::find(known, of.text) == known.end()) {
            fail(of.at,
                 fmt::format("there is no '{}': there are key, value, topic, header, keySchema "
                             "and valueSchema",
                             of.text));
        }
        return make(kind::name, {}, of.text);
    }

    static constexpr int depth_most = 100;
    std::string_view text_;
    expression& into_;
    std::size_t left_ = 0;
    bool long_ = false; // the number read last bears an L
    token now_;
    int depth_ = 0;
    std::optional<problem> wrong_;
};

outcome<expression> expression::parse(std::string_view text) {
    expression made;
    made.text_ = text;
    if (auto wrong = expression_parser{made.text_, made}.parse()) {
        return *wrong;
    }
    return made;
}

} // namespace tandem::connect
