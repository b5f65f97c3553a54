#include "codecs/event/headers.hpp"

#include "codecs/base/assert.hpp"

#include <charconv>
#include <limits>
#include <stdexcept>

namespace tandem::event {
namespace {

constexpr std::string_view own_prefix = "tandem.";
constexpr std::array<std::string_view, header_count> names{
    "origin",      "tandem.stream", "tandem.epoch", "tandem.pos",
    "tandem.prev", "tandem.values", "tandem.note"};
constexpr std::size_t needed_count = header_count - 1; // all but the note
constexpr std::size_t name_size_most = 63;             // of PostgreSQL's identifiers

// --- writing

constexpr std::size_t position_room = 8 + 1 + 8 + 1 + 20;

char* append_half(char* out, std::uint32_t half) noexcept {
    char* const end = std::to_chars(out, out + 8, half, 16).ptr;
    for (; out != end; ++out) {
        if (*out >= 'a') {
            *out = static_cast<char>(*out - 'a' + 'A');
        }
    }
    return end;
}

std::string_view position_text(stream_position const& at, arena& into) {
    char* const start = into.reserve(position_room);
    char* out = append_half(start, static_cast<std::uint32_t>(at.at.value >> 32U));
    *out++ = '/';
    out = append_half(out, static_cast<std::uint32_t>(at.at.value & 0xFFFF'FFFFU));
    *out++ = '.';
    out = std::to_chars(out, start + position_room, at.index).ptr;
    return into.commit(static_cast<std::size_t>(out - start));
}

std::string_view epoch_text(std::int64_t epoch, arena& into) {
    char* const start = into.reserve(20);
    return into.commit(
        static_cast<std::size_t>(std::to_chars(start, start + 20, epoch).ptr - start));
}

bool is_name(std::string_view text) noexcept {
    for (char const each : text) {
        if (each <= ' ' || each > '~') {
            return false;
        }
    }
    return !text.empty() && text.size() <= name_size_most;
}

// --- reading

// One header's value from its front. The first error sticks; numbers are read in their one form only.
class value_reader {
public:
    explicit value_reader(std::string_view text) noexcept : text_{text} {}

    std::uint64_t decimal(std::uint64_t most) noexcept { return number(10, most); }
    std::uint64_t hexadecimal() noexcept {
        return number(16, std::numeric_limits<std::uint32_t>::max());
    }
    void expect(char next) noexcept {
        if (failed()) {
            return;
        }
        if (at_ >= text_.size() || text_[at_] != next) {
            return fail(header_errc::malformed);
        }
        ++at_;
    }
    void expect_end() noexcept {
        if (!failed() && at_ != text_.size()) {
            fail(header_errc::malformed);
        }
    }
    void fail(header_errc code) noexcept { code_ = code; }

    // Any text but none.
    std::string_view all() noexcept {
        if (text_.empty()) {
            fail(header_errc::malformed);
        }
        return text_;
    }

    [[nodiscard]] bool failed() const noexcept { return code_ != header_errc::ok; }
    [[nodiscard]] header_errc code() const noexcept { return code_; }
    [[nodiscard]] std::uint32_t offset() const noexcept { return static_cast<std::uint32_t>(at_); }

    std::string_view name() noexcept {
        while (at_ < text_.size() && at_ < name_size_most && text_[at_] > ' ' &&
               text_[at_] <= '~') {
            ++at_;
        }
        if (at_ == 0 || at_ != text_.size()) {
            fail(header_errc::malformed);
        }
        return text_;
    }

    stream_position position() noexcept {
        std::uint64_t const high = hexadecimal();
        expect('/');
        std::uint64_t const low = hexadecimal();
        expect('.');
        stream_position const read{lsn{high << 32U | low},
                                   decimal(std::numeric_limits<std::uint64_t>::max())};
        expect_end();
        return read;
    }

private:
    // What the character stands for; 16: nothing.
    static std::uint64_t digit(char each) noexcept {
        if (each >= '0' && each <= '9') {
            return static_cast<std::uint64_t>(each - '0');
        }
        return each >= 'A' && each <= 'F' ? static_cast<std::uint64_t>(each - 'A' + 10) : 16U;
    }

    std::uint64_t number(std::uint64_t base, std::uint64_t most) noexcept {
        if (failed()) {
            return 0;
        }
        std::size_t const start = at_;
        std::uint64_t value = 0;
        for (; at_ < text_.size() && digit(text_[at_]) < base; ++at_) {
            std::uint64_t const next = digit(text_[at_]);
            if (at_ == start + 1 && text_[start] == '0') { // a zero in front of others
                fail(header_errc::malformed);
                return 0;
            }
            if (value > (most - next) / base) {
                fail(header_errc::overflow);
                return 0;
            }
            value = value * base + next;
        }
        if (at_ == start) {
            fail(header_errc::malformed);
        }
        return value;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    header_errc code_ = header_errc::ok;
};

void read(header_name which, value_reader& from, record_headers& into) noexcept {
    switch (which) {
    case header_name::none:
        break;
    case header_name::origin:
        into.origin = from.name();
        break;
    case header_name::stream:
        into.stream = from.name();
        break;
    case header_name::epoch:
        into.epoch = static_cast<std::int64_t>(
            from.decimal(static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())));
        from.expect_end();
        break;
    case header_name::position:
        into.position = from.position();
        break;
    case header_name::previous:
        into.previous = from.position();
        break;
    case header_name::note:
        into.note = from.all();
        break;
    case header_name::values: {
        std::string_view const form = from.name();
        into.values =
            form == text_of(value_form::debezium) ? value_form::debezium : value_form::exact;
        if (form != text_of(into.values)) {
            from.fail(header_errc::malformed);
        }
        break;
    }
    }
}

header_name known(std::string_view name) noexcept {
    for (std::size_t index = 0; index < names.size(); ++index) {
        if (names[index] == name) {
            return static_cast<header_name>(index + 1);
        }
    }
    return header_name::none;
}

} // namespace

std::string_view text_of(header_name name) noexcept {
    return name == header_name::none ? std::string_view{}
                                     : names[static_cast<std::size_t>(name) - 1];
}

header_list encode_headers(record_headers const& headers, arena& into) {
    TANDEM_ASSERT(is_name(headers.origin) && is_name(headers.stream) && headers.epoch >= 0);
    TANDEM_ASSERT(headers.position >= headers.previous);
    header_list made;
    made.add({names[0], headers.origin});
    made.add({names[1], headers.stream});
    made.add({names[2], epoch_text(headers.epoch, into)});
    made.add({names[3], position_text(headers.position, into)});
    made.add({names[4], position_text(headers.previous, into)});
    made.add({names[5], text_of(headers.values)});
    if (!headers.note.empty()) {
        made.add({names[6], headers.note});
    }
    return made;
}

std::string_view describe(header_errc code) noexcept {
    switch (code) {
    case header_errc::ok:
        return "no error";
    case header_errc::unknown:
        return "no header of this version; its writer is a newer one";
    case header_errc::duplicate:
        return "it stands twice";
    case header_errc::missing:
        return "it is missing";
    case header_errc::malformed:
        return "its value is none of its form";
    case header_errc::overflow:
        return "its number is out of range";
    case header_errc::backwards:
        return "its position is before that of tandem.prev";
    }
    return "an unknown error";
}

std::string header_error::message() const {
    std::string const name{which == header_name::none ? "of tandem" : text_of(which)};
    return "header " + name + " (number " + std::to_string(header) +
           "): " + std::string{describe(code)} + " (at byte " + std::to_string(offset) + ")";
}

void throw_exception_from_error(header_error const& error, boost::source_location const&) {
    throw std::runtime_error{error.message()};
}

bool has_own_headers(std::span<record_header const> headers) noexcept {
    for (record_header const& each : headers) {
        if (each.name.substr(0, own_prefix.size()) == own_prefix) {
            return true;
        }
    }
    return false;
}

header_result<record_headers> decode_headers(std::span<record_header const> headers) noexcept {
    record_headers read_headers;
    std::array<bool, header_count + 1> seen{};
    std::uint32_t position_number = 0;
    for (std::uint32_t number = 0; number < headers.size(); ++number) {
        record_header const& each = headers[number];
        header_name const which = known(each.name);
        if (which == header_name::none) {
            if (each.name.substr(0, own_prefix.size()) == own_prefix) {
                return header_error{header_errc::unknown, which, number,
                                    static_cast<std::uint32_t>(own_prefix.size())};
            }
            continue;
        }
        bool& before = seen[static_cast<std::size_t>(which)];
        if (before) {
            return header_error{header_errc::duplicate, which, number, 0};
        }
        before = true;
        value_reader from{each.value};
        read(which, from, read_headers);
        if (from.failed()) {
            return header_error{from.code(), which, number, from.offset()};
        }
        position_number = which == header_name::position ? number : position_number;
    }
    for (std::size_t index = 1; index <= needed_count; ++index) {
        if (!seen[index]) {
            return header_error{header_errc::missing, static_cast<header_name>(index),
                                static_cast<std::uint32_t>(headers.size()), 0};
        }
    }
    if (read_headers.position < read_headers.previous) {
        return header_error{header_errc::backwards, header_name::position, position_number, 0};
    }
    return read_headers;
}

} // namespace tandem::event
