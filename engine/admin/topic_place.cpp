#include "engine/admin/topic_place.hpp"

#include "codecs/base/civil_date.hpp"
#include "engine/config/error.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace tandem::engine {
namespace {

std::optional<std::int64_t> whole_number(std::string_view text) noexcept {
    std::int64_t value = 0;
    auto const [stop, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    bool const read = failed == std::errc{} && stop == text.data() + text.size() && value >= 0 &&
                      text.front() != '-';
    return read ? std::optional{value} : std::nullopt;
}

// Takes what it reads off the text; the first mistake sticks.
class time_reader {
public:
    explicit time_reader(std::string_view text) noexcept : rest_{text} {}

    [[nodiscard]] bool good() const noexcept { return good_; }
    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
    [[nodiscard]] bool skip(std::string_view any_of) noexcept {
        bool const there = good_ && !rest_.empty() && any_of.find(rest_.front()) != any_of.npos;
        rest_.remove_prefix(there ? 1 : 0);
        return there;
    }
    void expect(bool met) noexcept { good_ = good_ && met; }
    unsigned number(std::size_t digits, unsigned least, unsigned most) noexcept {
        unsigned value = 0;
        expect(rest_.size() >= digits);
        for (std::size_t at = 0; at < digits && good_; ++at) {
            expect(rest_[at] >= '0' && rest_[at] <= '9');
            value = value * 10 + static_cast<unsigned>(rest_[at] - '0');
        }
        expect(value >= least && value <= most);
        rest_.remove_prefix(good_ ? digits : 0);
        return value;
    }
    // Of a second, behind its point; what is finer than a millisecond is cut off.
    std::int64_t milliseconds() noexcept {
        std::int64_t value = 0;
        std::size_t digits = 0;
        for (; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; ++digits) {
            value = digits < 3 ? value * 10 + (rest_.front() - '0') : value;
            rest_.remove_prefix(1);
        }
        expect(digits > 0);
        for (; digits < 3; ++digits) {
            value *= 10;
        }
        return value;
    }

private:
    std::string_view rest_;
    bool good_ = true;
};

std::int64_t zone_minutes(time_reader& read) noexcept {
    bool const west = read.skip("-");
    if (!west && !read.skip("+")) {
        static_cast<void>(read.skip("Zz"));
        return 0;
    }
    auto const hours = read.number(2, 0, 15);
    static_cast<void>(read.skip(":"));
    auto const minutes = hours * 60 + read.number(2, 0, 59);
    return west ? -std::int64_t{minutes} : std::int64_t{minutes};
}

std::optional<std::int64_t> time_of(std::string_view text) noexcept {
    time_reader read{text};
    civil_date date;
    date.year = read.number(4, 1970, 9999);
    read.expect(read.skip("-"));
    date.month = read.number(2, 1, 12);
    read.expect(read.skip("-"));
    date.day = read.number(2, 1, read.good() ? days_of_month(date.year, date.month) : 1);
    std::int64_t ms = day_of(date) * 86'400'000;
    if (read.skip("Tt ")) {
        ms += read.number(2, 0, 23) * std::int64_t{3'600'000};
        read.expect(read.skip(":"));
        ms += read.number(2, 0, 59) * std::int64_t{60'000};
        if (read.skip(":")) {
            ms += read.number(2, 0, 59) * std::int64_t{1'000};
            ms += read.skip(".,") ? read.milliseconds() : 0;
        }
        ms -= zone_minutes(read) * 60'000;
    }
    read.expect(read.at_end() && ms >= 0);
    return read.good() ? std::optional{ms} : std::nullopt;
}

} // namespace

topic_place parse_topic_place(std::string_view text) {
    using kind = topic_place::kind;
    if (text == "newest" || text == "oldest") {
        return {text == "newest" ? kind::newest : kind::oldest, 0};
    }
    bool const from_end = text.starts_with('-');
    bool const time = text.starts_with('@');
    auto const rest = text.substr(from_end || time ? 1 : 0);
    auto number = rest.empty() ? std::nullopt : whole_number(rest);
    if (!number && time) {
        number = time_of(rest);
    }
    if (!number) {
        throw config_error{fmt::format(
            "-o '{}': expected newest, oldest, -N (N before the end of each partition), an "
            "offset, or @ and a time (2026-11-26T14:00:00Z, or milliseconds since 1970)",
            text)};
    }
    return {time ? kind::time : from_end ? kind::last : kind::offset, *number};
}

} // namespace tandem::engine
