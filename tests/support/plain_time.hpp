#pragma once
// Dates and times of PostgreSQL's text, slow and plain: months are counted one by one within 400 years, and
// sums are taken in 128 bits. What the fuzzers hold codecs/values/time_text.hpp against; shares no code with it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::wire {

class plain_time {
public:
    __extension__ typedef __int128 wide;
    static constexpr wide us_per_day = wide{86'400} * 1'000'000;

    // Days since 1970-01-01 within the server's bounds.
    static std::optional<wide> date(std::string_view text) {
        auto const days = day(text);
        return days && *days >= first_day && *days <= last_day ? days : std::nullopt;
    }

    static std::optional<wide> time(std::string_view text) {
        auto const point = text.find('.');
        auto const parts = split(text.substr(0, point), ':');
        if (parts.size() != 3 || !sized(parts[0], 2) || !sized(parts[1], 2) ||
            !sized(parts[2], 2)) {
            return std::nullopt;
        }
        std::string fraction{point == text.npos ? "0" : text.substr(point + 1)};
        if (fraction.empty() || fraction.size() > 6 || !digits(fraction)) {
            return std::nullopt;
        }
        fraction.resize(6, '0');
        wide const us =
            (number(parts[0]) * 3'600 + number(parts[1]) * 60 + number(parts[2])) * 1'000'000 +
            number(fraction);
        bool const good = number(parts[1]) < 60 && number(parts[2]) < 60 && us <= us_per_day;
        return good ? std::optional{us} : std::nullopt;
    }

    // Seconds east of UTC: +09, -03:30, +00:19:32
    static std::optional<wide> zone(std::string_view text) {
        bool const west = text.starts_with('-');
        auto const parts = split(text.substr(text.empty() ? 0 : 1), ':');
        if ((!west && !text.starts_with('+')) || parts.size() > 3) {
            return std::nullopt;
        }
        wide seconds = 0;
        for (std::size_t index = 0; index < 3; ++index) {
            std::string_view const part = index < parts.size() ? parts[index] : "00";
            if (!sized(part, 2) || number(part) > (index == 0 ? 15 : 59)) {
                return std::nullopt;
            }
            seconds = seconds * 60 + number(part);
        }
        return west ? -seconds : seconds;
    }

    // Microseconds since 2000-01-01 UTC within the server's bounds.
    static std::optional<wide> timestamp(std::string_view text, bool zoned) {
        auto const parts = split(text, ' ');
        bool const before_christ = parts.size() == 3 && parts[2] == "BC";
        if (parts.size() != (before_christ ? 3U : 2U)) {
            return std::nullopt;
        }
        auto const days = day(std::string{parts[0]} + (before_christ ? " BC" : ""));
        auto const sign = zoned ? parts[1].find_first_of("+-") : parts[1].size();
        auto const clock = time(parts[1].substr(0, sign));
        auto const east =
            zoned && sign != parts[1].npos ? zone(parts[1].substr(sign)) : std::optional<wide>{0};
        if (!days || !clock || !east || sign == parts[1].npos) {
            return std::nullopt;
        }
        wide const us = (*days - days_at_2000) * us_per_day + *clock - *east * 1'000'000;
        bool const good = us >= (first_day - days_at_2000) * us_per_day &&
                          us < (behind_timestamp - days_at_2000) * us_per_day;
        return good ? std::optional{us} : std::nullopt;
    }

    static std::string date_text(wide days) {
        wide const cycle = floored(days, days_per_cycle);
        wide left = days - cycle * days_per_cycle;
        wide year = 1970 + cycle * 400;
        for (; left >= (leap(year) ? 366 : 365); ++year) {
            left -= leap(year) ? 366 : 365;
        }
        int month = 1;
        for (; left >= days_in(year, month); ++month) {
            left -= days_in(year, month);
        }
        bool const before_christ = year < 1;
        return padded(before_christ ? 1 - year : year, 4) + '-' + padded(month, 2) + '-' +
               padded(left + 1, 2) + (before_christ ? " BC" : "");
    }

    static std::string time_text(wide us) {
        std::string text = padded(us / 3'600'000'000, 2) + ':' + padded(us / 60'000'000 % 60, 2) +
                           ':' + padded(us / 1'000'000 % 60, 2) + '.' + padded(us % 1'000'000, 6);
        text.erase(text.find_last_not_of('0') + 1);
        return text.ends_with('.') ? text.substr(0, text.size() - 1) : text;
    }

    static std::string timestamp_text(wide us, bool zoned) {
        wide const days = floored(us, us_per_day);
        std::string const date = date_text(days + days_at_2000);
        std::string const day = date.substr(0, date.find(' '));
        return day + ' ' + time_text(us - days * us_per_day) + (zoned ? "+00" : "") +
               date.substr(day.size());
    }

    static constexpr wide first_day = -2'440'588;         // 4714-11-24 BC, Julian day 0
    static constexpr wide last_day = 2'145'042'905;       // 5874897-12-31
    static constexpr wide behind_timestamp = 106'762'940; // 294277-01-01
    static constexpr wide days_at_2000 = 10'957;

private:
    static constexpr wide days_per_cycle = 146'097; // 400 years

    static wide floored(wide value, wide by) { return value / by - (value % by < 0 ? 1 : 0); }
    static bool leap(wide year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }
    static int days_in(wide year, int month) {
        constexpr int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        return lengths[month - 1] + (month == 2 && leap(year) ? 1 : 0);
    }

    static bool digits(std::string_view text) {
        return text.find_first_not_of("0123456789") == text.npos;
    }
    static bool sized(std::string_view text, std::size_t size) {
        return text.size() == size && digits(text);
    }
    static wide number(std::string_view text) {
        wide value = 0;
        for (char const digit : text) {
            value = value * 10 + (digit - '0');
        }
        return value;
    }
    static std::string padded(wide value, std::size_t size) {
        std::string const text = std::to_string(static_cast<std::int64_t>(value));
        return text.size() < size ? std::string(size - text.size(), '0') + text : text;
    }
    static std::vector<std::string_view> split(std::string_view text, char at) {
        std::vector<std::string_view> parts;
        for (std::size_t end = text.find(at); end != text.npos; end = text.find(at)) {
            parts.push_back(text.substr(0, end));
            text.remove_prefix(end + 1);
        }
        parts.push_back(text);
        return parts;
    }

    static std::optional<wide> day(std::string_view text) {
        bool const before_christ = text.ends_with(" BC");
        auto const parts = split(text.substr(0, text.size() - (before_christ ? 3 : 0)), '-');
        if (parts.size() != 3 || parts[0].size() < 4 || parts[0].size() > 7 || !digits(parts[0]) ||
            !sized(parts[1], 2) || !sized(parts[2], 2)) {
            return std::nullopt;
        }
        wide const written = number(parts[0]);
        wide const month = number(parts[1]);
        wide const day = number(parts[2]);
        wide const year = before_christ ? 1 - written : written;
        if (written == 0 || month < 1 || month > 12 || day < 1 ||
            day > days_in(year, static_cast<int>(month))) {
            return std::nullopt;
        }
        wide const cycle = floored(year - 1970, 400);
        wide days = cycle * days_per_cycle;
        for (wide each = 1970 + cycle * 400; each < year; ++each) {
            days += leap(each) ? 366 : 365;
        }
        for (int each = 1; each < month; ++each) {
            days += days_in(year, each);
        }
        return days + day - 1;
    }
};

} // namespace tandem::wire
