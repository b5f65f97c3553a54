#pragma once
// Regular expressions of Java's syntax, through PCRE2, which reads nearly the same.
// https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/util/regex/Pattern.html

#include "codecs/connect/problem.hpp"
#include "engine/config/definitions.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::connect {

class java_regex {
public:
    // Error: illegal_argument, with what is wrong and where.
    [[nodiscard]] static outcome<java_regex> of(std::string_view pattern, bool any_case = false);
    ~java_regex();
    java_regex(java_regex&&) noexcept;
    java_regex& operator=(java_regex&&) noexcept;

    // Whether the whole text matches.
    [[nodiscard]] bool matches(std::string_view text) const;
    // The first match replaced, $1 and ${name} standing for groups and a backslash before what stands for itself. Errors:
    // those of Java for a group that there is not.
    [[nodiscard]] outcome<std::string> replace_first(std::string_view text,
                                                     std::string_view replacement) const;

private:
    struct compiled;
    explicit java_regex(std::unique_ptr<compiled> made) noexcept;
    std::unique_ptr<compiled> made_;
};

// For setting_definition, in the words of Kafka's RegexValidator.
[[nodiscard]] std::optional<std::string> check_regex(setting const& what);

} // namespace tandem::connect
