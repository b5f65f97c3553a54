#include "codecs/connect/date_format.hpp"

#include "codecs/connect/old_calendar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <iterator>
#include <span>

namespace tandem::connect {
namespace {

constexpr std::string_view letters = "GyMdkHmsSEDFwWahKzZYuXL";
constexpr std::string_view texts = "GEazZX"; // their fields are no numbers

constexpr std::array<std::string_view, 12> months{"January",   "February", "March",    "April",
                                                  "May",       "June",     "July",     "August",
                                                  "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> weekdays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::size_t short_name = 3;

std::int64_t weekday_of(std::int64_t day) noexcept { // 0 is Sunday
    return ((day + 4) % 7 + 7) % 7;
}

bool is_letter(char each) noexcept {
    return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z');
}

bool is_digit(char each) noexcept {
    return each >= '0' && each <= '9';
}

char lower(char each) noexcept {
    return each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
}

bool starts_with(std::string_view text, std::string_view name) noexcept { // in any case
    return text.size() >= name.size() &&
           std::equal(name.begin(), name.end(), text.begin(),
                      [](char one, char other) { return lower(one) == lower(other); });
}

// A moment as its fields.
struct moment {
    civil_date date;
    std::int64_t day = 0;
    std::int64_t hour = 0;
    std::int64_t minute = 0;
    std::int64_t second = 0;
    std::int64_t millisecond = 0;
    std::int64_t day_of_year = 1;
};

moment moment_of(std::int64_t ms) noexcept {
    moment made;
    auto const [day, rest] = split_ms(ms);
    made.day = day;
    made.date = old_date_of(made.day);
    made.hour = rest / 3'600'000;
    made.minute = rest / 60'000 % 60;
    made.second = rest / 1'000 % 60;
    made.millisecond = rest % 1'000;
    made.day_of_year = made.day - old_day_of(made.date.year, 1, 1) + 1;
    return made;
}

// Weeks begin on Sunday, and the first one of a year or month is the one with its first day.
std::int64_t week_of(std::int64_t day_in_period, std::int64_t day) noexcept {
    std::int64_t const first = weekday_of(day - day_in_period + 1);
    return (day_in_period - 1 + first) / 7 + 1;
}

std::int64_t week_year(moment const& of) noexcept {
    std::int64_t const next = old_day_of(of.date.year + 1, 1, 1);
    return of.day >= next - weekday_of(next) ? of.date.year + 1 : of.date.year;
}

void append_number(std::int64_t number, int digits, std::string& into) {
    fmt::format_to(std::back_inserter(into), "{:0{}}", number, digits);
}

std::int64_t year_of_era(std::int64_t year) noexcept {
    return year > 0 ? year : 1 - year;
}

void append_year(std::int64_t year, int count, std::string& into) {
    if (count == 2) {
        append_number(year % 100, 2, into);
    } else {
        append_number(year, count, into);
    }
}

std::string_view name_of(std::string_view whole, int count) noexcept {
    return count >= 4 ? whole : whole.substr(0, short_name);
}

// True: the letter is one of a date.
bool append_date_field(char letter, int count, moment const& of, std::string& into) {
    switch (letter) {
    case 'G':
        into += of.date.year > 0 ? "AD" : "BC";
        return true;
    case 'y':
        append_year(year_of_era(of.date.year), count, into);
        return true;
    case 'Y':
        append_year(year_of_era(week_year(of)), count, into);
        return true;
    case 'M':
    case 'L':
        if (count >= 3) {
            into += name_of(months[of.date.month - 1], count);
        } else {
            append_number(of.date.month, count, into);
        }
        return true;
    case 'd':
        append_number(of.date.day, count, into);
        return true;
    case 'D':
        append_number(of.day_of_year, count, into);
        return true;
    case 'F':
        append_number((of.date.day - 1) / 7 + 1, count, into);
        return true;
    case 'w':
        append_number(week_year(of) != of.date.year ? 1 : week_of(of.day_of_year, of.day), count,
                      into);
        return true;
    case 'W':
        append_number(week_of(of.date.day, of.day), count, into);
        return true;
    case 'E':
        into += name_of(weekdays[static_cast<std::size_t>(weekday_of(of.day))], count);
        return true;
    case 'u':
        append_number((weekday_of(of.day) + 6) % 7 + 1, count, into);
        return true;
    default:
        return false;
    }
}

void append_field(char letter, int count, moment const& of, std::string& into) {
    if (append_date_field(letter, count, of, into)) {
        return;
    }
    switch (letter) {
    case 'a':
        into += of.hour < 12 ? "AM" : "PM";
        return;
    case 'H':
        append_number(of.hour, count, into);
        return;
    case 'k':
        append_number(of.hour == 0 ? 24 : of.hour, count, into);
        return;
    case 'K':
        append_number(of.hour % 12, count, into);
        return;
    case 'h':
        append_number(of.hour % 12 == 0 ? 12 : of.hour % 12, count, into);
        return;
    case 'm':
        append_number(of.minute, count, into);
        return;
    case 's':
        append_number(of.second, count, into);
        return;
    case 'S':
        append_number(of.millisecond, count, into);
        return;
    case 'z':
        into += count >= 4 ? "Coordinated Universal Time" : "UTC";
        return;
    case 'Z':
        into += "+0000";
        return;
    default: // X
        into += "Z";
        return;
    }
}

// What has been read. A time of day of 12 hours and one of 24 exclude each other: the one that was read last counts.
struct read_fields {
    bool before_christ = false;
    std::int64_t year = 1970;
    bool may_be_next_century = false; // of two digits: the year 80 years before now
    std::int64_t month = 1;
    std::int64_t day = 1;
    std::int64_t day_of_year = 0; // zero: none was read, or a month or day later
    std::int64_t hour = 0;
    bool of_half = false; // the hour is one of 12
    bool afternoon = false;
    std::int64_t minute = 0;
    std::int64_t second = 0;
    std::int64_t millisecond = 0;
    std::int64_t offset_ms = 0;
};

class reader {
public:
    reader(std::string_view text, std::int64_t now_ms) : text_{text}, now_ms_{now_ms} {}

    bool literal(std::string_view wanted) {
        if (!text_.starts_with(wanted)) {
            return false;
        }
        text_.remove_prefix(wanted.size());
        return true;
    }

    // `width`: of a number that another one follows at once; zero: as many digits as there are.
    bool field(char letter, int count, std::size_t width) {
        while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\t')) {
            text_.remove_prefix(1);
        }
        if (letter == 'G') {
            return era();
        }
        if ((letter == 'M' || letter == 'L') && count >= 3) {
            auto const found = name(months);
            take(letter, count, found.value_or(0) + 1, 0);
            return found.has_value();
        }
        if (letter == 'E') {
            return name(weekdays).has_value();
        }
        if (letter == 'a') {
            into_.afternoon = starts_with(text_, "PM");
            bool const there = into_.afternoon || starts_with(text_, "AM");
            text_.remove_prefix(there ? 2 : 0);
            return there;
        }
        if (texts.find(letter) != std::string_view::npos) {
            return zone();
        }
        std::size_t const before = text_.size();
        auto const number = this->number(width);
        if (!number) {
            return false;
        }
        constexpr std::int64_t year_most = 292'000'000; // about the last one of a Java date
        if ((letter == 'y' || letter == 'Y') && std::abs(*number) > year_most) {
            return false;
        }
        take(letter, count, *number, before - text_.size());
        return true;
    }

    [[nodiscard]] std::int64_t milliseconds() const {
        std::int64_t const made = of_year(into_.year);
        return into_.may_be_next_century && made < century_start() ? of_year(into_.year + 100)
                                                                   : made;
    }

private:
    bool era() {
        for (std::string_view const each : {"AD", "BC"}) {
            if (starts_with(text_, each)) {
                into_.before_christ = each == "BC";
                text_.remove_prefix(each.size());
                return true;
            }
        }
        return false;
    }

    // The index of the name at the front, whole or short.
    std::optional<std::int64_t> name(std::span<std::string_view const> names) {
        for (bool const whole : {true, false}) {
            for (std::size_t index = 0; index < names.size(); ++index) {
                auto const each = whole ? names[index] : names[index].substr(0, short_name);
                if (starts_with(text_, each)) {
                    text_.remove_prefix(each.size());
                    return static_cast<std::int64_t>(index);
                }
            }
        }
        return std::nullopt;
    }

    std::optional<std::int64_t> number(std::size_t width) {
        std::size_t size = text_.starts_with('-') ? 1 : 0;
        std::size_t const sign = size;
        while (size < text_.size() && is_digit(text_[size]) && (width == 0 || size < width)) {
            ++size;
        }
        constexpr std::size_t digits_most = 9;
        std::int64_t read = 0;
        if (size == sign || size > digits_most || (width != 0 && size < width)) {
            return std::nullopt;
        }
        std::from_chars(text_.data(), text_.data() + size, read);
        text_.remove_prefix(size);
        return read;
    }

    void take(char letter, int count, std::int64_t number, std::size_t digits) {
        switch (letter) {
        case 'y':
        case 'Y':
            into_.may_be_next_century = false;
            if (count <= 2 && digits == 2) {
                take_short_year(number);
            } else {
                into_.year = number;
            }
            return;
        case 'M':
        case 'L':
            into_.month = number;
            into_.day_of_year = 0;
            return;
        case 'd':
            into_.day = number;
            into_.day_of_year = 0;
            return;
        case 'D':
            into_.day_of_year = number;
            return;
        case 'H':
        case 'k':
            into_.hour = letter == 'k' && number == 24 ? 0 : number;
            into_.of_half = false;
            return;
        case 'K':
        case 'h':
            into_.hour = letter == 'h' && number == 12 ? 0 : number;
            into_.of_half = true;
            return;
        case 'm':
            into_.minute = number;
            return;
        case 's':
            into_.second = number;
            return;
        case 'S':
            into_.millisecond = number;
            return;
        default: // weeks and their days do not move a date that stands in the text as well
            return;
        }
    }

    [[nodiscard]] std::int64_t of_year(std::int64_t given) const {
        std::int64_t const year = into_.before_christ ? 1 - given : given;
        std::int64_t const day = into_.day_of_year != 0 ? old_day_of(year, 1, into_.day_of_year)
                                                        : old_day_of(year, into_.month, into_.day);
        std::int64_t const half = into_.of_half && into_.afternoon ? 12 : 0;
        return day * day_ms + (into_.hour + half) * 3'600'000 + into_.minute * 60'000 +
               into_.second * 1'000 + into_.millisecond - into_.offset_ms;
    }

    // 80 years before now.
    [[nodiscard]] std::int64_t century_start() const {
        std::int64_t const today = split_ms(now_ms_).day;
        auto const date = old_date_of(today);
        return now_ms_ + (old_day_of(date.year - 80, date.month, date.day) - today) * day_ms;
    }

    void take_short_year(std::int64_t year) {
        std::int64_t const first = old_date_of(split_ms(century_start()).day).year;
        std::int64_t const made = first - first % 100 + year;
        into_.year = made < first ? made + 100 : made;
        into_.may_be_next_century = made == first;
    }

    bool zone() {
        for (std::string_view const each : {"UTC", "GMT", "Coordinated Universal Time", "Z"}) {
            if (starts_with(text_, each)) {
                text_.remove_prefix(each.size());
                if (each != "GMT" || text_.empty() || (text_[0] != '+' && text_[0] != '-')) {
                    return true;
                }
                break;
            }
        }
        if (text_.empty() || (text_[0] != '+' && text_[0] != '-')) {
            return false;
        }
        bool const west = text_[0] == '-';
        text_.remove_prefix(1);
        auto const hours = number(2);
        if (!hours) {
            return false;
        }
        if (text_.starts_with(':')) {
            text_.remove_prefix(1);
        }
        std::int64_t const minutes = number(2).value_or(0);
        into_.offset_ms = (*hours * 60 + minutes) * (west ? -60'000 : 60'000);
        return true;
    }

    std::string_view text_;
    std::int64_t now_ms_;
    read_fields into_;
};

} // namespace

outcome<date_format> date_format::of(std::string_view pattern, std::int64_t now_ms) {
    date_format made;
    made.pattern_ = pattern;
    made.now_ms_ = now_ms;
    std::string literal;
    auto const end_literal = [&] {
        if (!literal.empty()) {
            made.parts_.push_back({0, 0, std::exchange(literal, {})});
        }
    };
    bool quoted = false;
    for (std::size_t at = 0; at < pattern.size(); ++at) {
        char const each = pattern[at];
        if (each == '\'') {
            if (at + 1 < pattern.size() && pattern[at + 1] == '\'') { // two stand for one
                literal += '\'';
                ++at;
            } else {
                quoted = !quoted;
            }
            continue;
        }
        if (quoted || !is_letter(each)) {
            literal += each;
            continue;
        }
        if (letters.find(each) == std::string_view::npos) {
            return problem{problem_kind::illegal_argument,
                           fmt::format("Illegal pattern character '{}'", each)};
        }
        end_literal();
        int count = 1;
        while (at + 1 < pattern.size() && pattern[at + 1] == each) {
            ++count;
            ++at;
        }
        if (each == 'X' && count > 3) {
            return problem{problem_kind::illegal_argument,
                           fmt::format("invalid ISO 8601 format: length={}", count)};
        }
        made.parts_.push_back({each, count, {}});
    }
    if (quoted) {
        return problem{problem_kind::illegal_argument, "Unterminated quote"};
    }
    end_literal();
    return made;
}

void date_format::format(std::int64_t ms, std::string& into) const {
    auto const of = moment_of(ms);
    for (auto const& each : parts_) {
        if (each.letter == 0) {
            into += each.text;
        } else {
            append_field(each.letter, each.count, of, into);
        }
    }
}

std::optional<std::int64_t> date_format::parse(std::string_view text) const {
    auto const is_number = [](part const& of) {
        return of.letter != 0 && texts.find(of.letter) == std::string_view::npos &&
               !((of.letter == 'M' || of.letter == 'L') && of.count >= 3);
    };
    reader from{text, now_ms_};
    for (std::size_t index = 0; index < parts_.size(); ++index) {
        auto const& each = parts_[index];
        bool const abuts =
            is_number(each) && index + 1 < parts_.size() && is_number(parts_[index + 1]);
        bool const read = each.letter == 0 ? from.literal(each.text)
                                           : from.field(each.letter, each.count,
                                                        abuts ? static_cast<std::size_t>(each.count)
                                                              : std::size_t{0});
        if (!read) {
            return std::nullopt;
        }
    }
    return from.milliseconds();
}

} // namespace tandem::connect
