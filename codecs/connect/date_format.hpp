#pragma once
// Patterns of Java's SimpleDateFormat, in UTC and English, as Connect's transformations use them.
// https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/text/SimpleDateFormat.html
//
// As there, what is before 1582-10-15 is a date of the Julian calendar. Of zones only UTC, GMT, Z and numeric offsets are
// read.

#include "codecs/connect/problem.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

class date_format {
public:
    // Errors: illegal_argument, in Java's words. `now_ms` decides, as there, the century of a year of two digits: it lies
    // between 80 years before that time and 20 after it.
    [[nodiscard]] static outcome<date_format> of(std::string_view pattern, std::int64_t now_ms);

    [[nodiscard]] std::string const& pattern() const noexcept { return pattern_; }
    // Milliseconds since 1970.
    void format(std::int64_t ms, std::string& into) const;
    // Lenient, and what stands behind the date counts for nothing. None: the text has no such date.
    [[nodiscard]] std::optional<std::int64_t> parse(std::string_view text) const;

private:
    struct part {
        char letter = 0; // zero: literal text
        int count = 0;
        std::string text;
    };

    std::string pattern_;
    std::vector<part> parts_;
    std::int64_t now_ms_ = 0;
};

} // namespace tandem::connect
