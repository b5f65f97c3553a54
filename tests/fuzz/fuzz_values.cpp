// Values of PostgreSQL's text: what is read, written again and read again, is the same; arrays are also held against the
// plain reading. The first byte of the input chooses the kind of value.
#include "codecs/values/array_text.hpp"
#include "codecs/values/ascii_text.hpp"
#include "codecs/values/bytes_text.hpp"
#include "codecs/values/decimal.hpp"
#include "codecs/values/hstore_text.hpp"
#include "codecs/values/send_form.hpp"
#include "codecs/values/time_text.hpp"
#include "tests/support/plain_array_text.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

namespace tandem::values {
namespace {

void expect(bool met) {
    if (!met) {
        std::abort();
    }
}

// Reads, writes and reads; an error stands inside the text.
template <class Parse, class Write>
void there_and_back(std::string_view input, Parse parse, Write write) {
    auto const read = parse(input);
    if (!read) {
        expect(read.error().code == codec_errc::bad_value && read.error().offset <= input.size());
        return;
    }
    auto const again = parse(write(*read));
    expect(again.has_value() && *again == *read);
}

void check_decimal(std::string_view input) {
    std::int32_t const scale = scale_of(input.substr(0, 2'000));
    std::string bytes;
    if (append_unscaled(input.substr(0, 2'000), scale, bytes)) {
        std::string again;
        expect(append_unscaled(decimal_text(bytes, scale), scale, again).has_value() &&
               again == bytes);
    }
    std::string_view const raw = input.substr(0, 200);
    std::string shortest;
    expect(append_unscaled(decimal_text(raw, 3), 3, shortest).has_value() &&
           shortest.size() <= raw.size() + 1);
}

// As plain_array_text shows it; nothing when it is refused.
std::optional<std::string> shown(std::string_view input, char delimiter) {
    using kind = array_text_reader::kind;
    array_text_reader in{input, delimiter};
    std::string shown{in.bounds()};
    shown += shown.empty() ? "" : "=";
    for (auto token = in.next(); token.what != kind::end; token = in.next()) {
        expect(in.depth() >= 0 && in.depth() <= 6);
        switch (token.what) {
        case kind::failed:
            expect(in.error().code == codec_errc::bad_value && in.error().offset <= input.size());
            return std::nullopt;
        case kind::open:
            shown += '{';
            break;
        case kind::close:
            shown += '}';
            break;
        case kind::null:
            shown += '0';
            break;
        default:
            shown += '(' + std::string{token.text} + ')';
        }
    }
    return shown;
}

// The elements as an array of one dimension.
std::string flat(std::string_view input, char delimiter, std::size_t& count) {
    using kind = array_text_reader::kind;
    array_text_reader in{input, delimiter};
    std::string flat = "{";
    for (auto token = in.next(); token.what != kind::end; token = in.next()) {
        if (token.what == kind::value || token.what == kind::null) {
            flat.append(count++ == 0 ? 0U : 1U, delimiter);
            if (token.what == kind::null) {
                flat += "NULL";
            } else {
                append_array_element(token.text, delimiter, flat);
            }
        }
    }
    return flat + '}';
}

void check_array(std::string_view input, char delimiter) {
    auto const ours = shown(input, delimiter);
    expect(ours == wire::plain_array_text::shown(input, delimiter));
    if (!ours) {
        return;
    }
    std::size_t count = 0;
    std::string const once = flat(input, delimiter, count);
    std::size_t again = 0;
    expect(flat(once, delimiter, again) == once && again == count);
    expect(shown(once, delimiter) == wire::plain_array_text::shown(once, delimiter));
}

// Within the room that is promised to be enough; ASan sees what goes beyond.
void check_send_forms(std::string_view input) {
    auto const most = send_form_most(input.size());
    auto const room = std::make_unique<char[]>(most);
    for (auto form = send_form::none; form <= send_form::timestamptz;
         form = static_cast<send_form>(static_cast<std::uint8_t>(form) + 1)) {
        auto const* const end = write_send_form(form, input, room.get());
        expect(end == nullptr || static_cast<std::size_t>(end - room.get()) <= most);
    }
}

void check(std::uint8_t which, std::string_view input) {
    check_send_forms(input);
    switch (which % 12) {
    case 0:
        return there_and_back(input, parse_date, date_text);
    case 1:
        return there_and_back(input, parse_time, time_text);
    case 2:
        return there_and_back(input, parse_timetz, timetz_text);
    case 3:
        return there_and_back(input, parse_timestamp,
                              [](pg_time value) { return timestamp_text(value, false); });
    case 4:
        return there_and_back(input, parse_timestamptz,
                              [](pg_time value) { return timestamp_text(value, true); });
    case 5:
        return there_and_back(input, parse_interval, interval_text);
    case 6:
        return there_and_back(input, parse_bytea, bytea_text);
    case 7:
        return there_and_back(input, parse_base64,
                              [](std::string_view bytes) { return base64_text(bytes); });
    case 8:
        return there_and_back(input, parse_hstore, hstore_text);
    case 9:
        return check_decimal(input);
    case 10:
        check_array(input, ',');
        return check_array(input, ';'); // as box has it
    default:
        return there_and_back(input, parse_bits, [input](std::string_view bytes) {
            return bits_text(bytes, input.size());
        });
    }
}

} // namespace
} // namespace tandem::values

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 0) {
        tandem::values::check(data[0], {reinterpret_cast<char const*>(data) + 1, size - 1});
    }
    return 0;
}
