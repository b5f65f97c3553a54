#include "engine/transform/java_regex.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace tandem::connect {
namespace {

struct freed {
    void operator()(pcre2_code* of) const noexcept { pcre2_code_free(of); }
    void operator()(pcre2_match_data* of) const noexcept { pcre2_match_data_free(of); }
};

PCRE2_SPTR units(std::string_view text) noexcept {
    return reinterpret_cast<PCRE2_SPTR>(text.data());
}

bool is_digit(char each) noexcept {
    return each >= '0' && each <= '9';
}

// What is wrong, in Java's words for what is met most, and where.
std::string syntax_sentence(int code, std::size_t at, std::string_view pattern) {
    std::string what;
    switch (code) {
    case PCRE2_ERROR_MISSING_CLOSING_PARENTHESIS:
        what = "Unclosed group";
        at = pattern.size();
        break;
    case PCRE2_ERROR_MISSING_SQUARE_BRACKET:
        what = "Unclosed character class";
        at = pattern.size() - 1;
        break;
    case PCRE2_ERROR_QUANTIFIER_INVALID:
        at = at < pattern.size() ? at : pattern.size() - 1;
        what = fmt::format("Dangling meta character '{}'", pattern[at]);
        break;
    default: {
        std::array<PCRE2_UCHAR, 256> room{};
        pcre2_get_error_message(code, room.data(), room.size());
        what = reinterpret_cast<char const*>(room.data());
        break;
    }
    }
    auto made = fmt::format("{} near index {}\n{}", what, at, pattern);
    if (at < pattern.size()) {
        made += fmt::format("\n{}^", std::string(at, ' '));
    }
    return made;
}

problem index_problem(std::size_t group) {
    return {problem_kind::index_out_of_bounds, fmt::format("No group {}", group)};
}

} // namespace

struct java_regex::compiled {
    std::unique_ptr<pcre2_code, freed> code;
    std::unique_ptr<pcre2_match_data, freed> match;
    std::uint32_t groups = 0;

    // The number of matched groups, counted from one; zero or less: it does not match.
    int find(std::string_view text, std::uint32_t options) const {
        return pcre2_match(code.get(), units(text), text.size(), 0, options, match.get(), nullptr);
    }

    [[nodiscard]] std::string_view group(std::string_view text, std::size_t number) const {
        auto const* const places = pcre2_get_ovector_pointer(match.get());
        auto const from = places[2 * number];
        return from == PCRE2_UNSET ? std::string_view{}
                                   : text.substr(from, places[2 * number + 1] - from);
    }
};

java_regex::java_regex(std::unique_ptr<compiled> made) noexcept : made_{std::move(made)} {}
java_regex::~java_regex() = default;
java_regex::java_regex(java_regex&&) noexcept = default;
java_regex& java_regex::operator=(java_regex&&) noexcept = default;

outcome<java_regex> java_regex::of(std::string_view pattern, bool any_case) {
    int code = 0;
    PCRE2_SIZE at = 0;
    auto made = std::make_unique<compiled>();
    // As in Java an empty class is none, and a name may stand for one group only.
    std::uint32_t const options = PCRE2_UTF | (any_case ? PCRE2_CASELESS : 0U);
    made->code.reset(pcre2_compile(units(pattern), pattern.size(), options, &code, &at, nullptr));
    if (made->code == nullptr) {
        return problem{problem_kind::illegal_argument, syntax_sentence(code, at, pattern)};
    }
    pcre2_pattern_info(made->code.get(), PCRE2_INFO_CAPTURECOUNT, &made->groups);
    made->match.reset(pcre2_match_data_create_from_pattern(made->code.get(), nullptr));
    return java_regex{std::move(made)};
}

bool java_regex::matches(std::string_view text) const {
    return made_->find(text, PCRE2_ANCHORED | PCRE2_ENDANCHORED) > 0;
}

outcome<std::string> java_regex::replace_first(std::string_view text,
                                               std::string_view replacement) const {
    if (made_->find(text, 0) <= 0) {
        return std::string{text};
    }
    auto const whole = made_->group(text, 0);
    std::string made{text.substr(0, static_cast<std::size_t>(whole.data() - text.data()))};
    for (std::size_t at = 0; at < replacement.size();) {
        char const each = replacement[at];
        if (each == '\\') {
            if (at + 1 == replacement.size()) {
                return problem{problem_kind::illegal_argument,
                               "character to be escaped is missing"};
            }
            made += replacement[at + 1];
            at += 2;
            continue;
        }
        if (each != '$') {
            made += each;
            ++at;
            continue;
        }
        if (++at == replacement.size()) {
            return problem{problem_kind::illegal_argument,
                           "Illegal group reference: group index is missing"};
        }
        if (replacement[at] == '{') {
            auto const end = replacement.find('}', at);
            if (end == std::string_view::npos) {
                return problem{problem_kind::illegal_argument,
                               "named capturing group is missing trailing '}'"};
            }
            std::string const name{replacement.substr(at + 1, end - at - 1)};
            int const number = pcre2_substring_number_from_name(
                made_->code.get(), reinterpret_cast<PCRE2_SPTR>(name.c_str()));
            if (number < 0) {
                return problem{problem_kind::illegal_argument,
                               fmt::format("No group with name {{{}}}", name)};
            }
            made += made_->group(text, static_cast<std::size_t>(number));
            at = end + 1;
            continue;
        }
        if (!is_digit(replacement[at])) {
            return problem{problem_kind::illegal_argument, "Illegal group reference"};
        }
        auto number = static_cast<std::size_t>(replacement[at++] - '0');
        if (number > made_->groups) {
            return index_problem(number);
        }
        while (at < replacement.size() && is_digit(replacement[at])) { // as many as make a group
            auto const longer = number * 10 + static_cast<std::size_t>(replacement[at] - '0');
            if (longer > made_->groups) {
                break;
            }
            number = longer;
            ++at;
        }
        made += made_->group(text, number);
    }
    made += text.substr(static_cast<std::size_t>(whole.data() - text.data()) + whole.size());
    return made;
}

std::optional<std::string> check_regex(setting const& what) {
    auto const* const text = std::get_if<std::string>(&what);
    if (text == nullptr) { // as Java says it
        return "Invalid regex: Cannot invoke \"String.isEmpty()\" because \"this.pattern\" is "
               "null";
    }
    auto const made = java_regex::of(*text);
    return made ? std::nullopt : std::optional{"Invalid regex: " + made.error().what};
}

} // namespace tandem::connect
