#include "codecs/values/hstore_text.hpp"

#include "codecs/values/text_cursor.hpp"

namespace tandem::values {
namespace {

std::string take_quoted(text_cursor& in) {
    std::string text;
    in.expect("\"");
    while (!in.failed() && in.peek() != '"') {
        in.take("\\");
        if (in.done()) {
            in.fail();
            break;
        }
        text.push_back(in.peek());
        in.back_to(in.place() + 1);
    }
    in.expect("\"");
    return text;
}

void append_quoted(std::string& out, std::string_view text) {
    out.push_back('"');
    for (char const each : text) {
        if (each == '"' || each == '\\') {
            out.push_back('\\');
        }
        out.push_back(each);
    }
    out.push_back('"');
}

} // namespace

result<hstore_pairs> parse_hstore(std::string_view text) {
    text_cursor in{text};
    hstore_pairs pairs;
    while (!in.failed() && !in.done()) {
        if (!pairs.empty()) {
            in.expect(", ");
        }
        std::string key = take_quoted(in);
        in.expect("=>");
        std::optional<std::string> value;
        if (!in.take("NULL")) {
            value = take_quoted(in);
        }
        pairs.emplace_back(std::move(key), std::move(value));
    }
    codec_error const error = in.finish();
    return error.code == codec_errc::ok ? result<hstore_pairs>{std::move(pairs)}
                                        : result<hstore_pairs>{error};
}

std::string hstore_text(hstore_pairs const& pairs) {
    std::string text;
    for (auto const& [key, value] : pairs) {
        text += text.empty() ? "" : ", ";
        append_quoted(text, key);
        text += "=>";
        if (value) {
            append_quoted(text, *value);
        } else {
            text += "NULL";
        }
    }
    return text;
}

} // namespace tandem::values
