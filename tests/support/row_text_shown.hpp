#pragma once
// What codecs/values/row_text.hpp reads, in the form of plain_row_text; and the error where it reads nothing.

#include "codecs/values/row_text.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace tandem::wire {

struct row_text_shown {
    std::optional<std::string> text;
    codec_error error;

    static row_text_shown record(std::string_view text) {
        arena strings;
        values::record_text_reader in{text, strings};
        std::string shown;
        for (;;) {
            auto const each = in.next();
            switch (each.what) {
            case values::record_text_reader::kind::value:
                shown += '(' + std::string{each.text} + ')';
                break;
            case values::record_text_reader::kind::null:
                shown += '0';
                break;
            case values::record_text_reader::kind::end:
                return {shown, {}};
            case values::record_text_reader::kind::failed:
                return {std::nullopt, in.error()};
            }
        }
    }

    static row_text_shown range(std::string_view text) {
        arena strings;
        auto const read = values::parse_range(text, strings);
        return read ? row_text_shown{one(*read), {}} : row_text_shown{std::nullopt, read.error()};
    }

    static row_text_shown multirange(std::string_view text) {
        arena strings;
        values::multirange_text_reader in{text, strings};
        std::string shown;
        while (auto const each = in.next()) {
            shown += one(*each) + ';';
        }
        bool const good = in.error().code == codec_errc::ok;
        return good ? row_text_shown{shown, {}} : row_text_shown{std::nullopt, in.error()};
    }

private:
    static std::string one(values::range_text const& range) {
        if (range.empty) {
            return "empty";
        }
        auto const bound = [](std::optional<std::string_view> given) {
            return given ? '(' + std::string{*given} + ')' : std::string{"0"};
        };
        return (range.lower_inclusive ? "[" : "(") + bound(range.lower) + bound(range.upper) +
               (range.upper_inclusive ? "]" : ")");
    }
};

} // namespace tandem::wire
