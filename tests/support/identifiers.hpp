#pragma once
// Identifiers that PostgreSQL takes, each with its name in SQL and in JSON as they must be written: `quoted` is what
// quote_ident() makes of it where that quotes (the pg tests ask the server), `json` is between a field's quotes.

#include <cstddef>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace tandem::support {

struct identifier_case {
    std::string name; // of the test
    std::string text;
    std::string quoted;
    std::string json;
};

// Quotes, separators, and what means something elsewhere.
inline std::vector<identifier_case> punctuation() {
    return {
        {"one_quote", "\"", "\"\"\"\"", "\\\""},
        {"two_quotes", "\"\"", "\"\"\"\"\"\"", "\\\"\\\""},
        {"quote_inside", "a\"b", "\"a\"\"b\"", "a\\\"b"},
        {"apostrophe", "'", "\"'\"", "'"},
        {"two_apostrophes", "''", "\"''\"", "''"},
        {"backtick", "`", "\"`\"", "`"},
        {"backslash", "\\", "\"\\\"", "\\\\"},
        {"two_backslashes", "\\\\", "\"\\\\\"", "\\\\\\\\"},
        {"backslash_n", "\\n", "\"\\n\"", "\\\\n"},
        {"backslash_u", "\\u0041", "\"\\u0041\"", "\\\\u0041"},
        {"backslash_quote", "\\\"", "\"\\\"\"\"", "\\\\\\\""},
        {"slash", "/", "\"/\"", "/"},
        {"two_slashes", "//", "\"//\"", "//"},
        {"comment_begins", "/*", "\"/*\"", "/*"},
        {"comment_ends", "*/", "\"*/\"", "*/"},
        {"line_comment", "--", "\"--\"", "--"},
        {"semicolon", ";", "\";\"", ";"},
        {"injection", "\";drop table x;--", "\"\"\";drop table x;--\"", "\\\";drop table x;--"},
        {"parameter", "$1", "\"$1\"", "$1"},
        {"dollar_quote", "$$", "\"$$\"", "$$"},
        {"tagged_dollar_quote", "$tag$", "\"$tag$\"", "$tag$"},
        {"percent_s", "%s", "\"%s\"", "%s"},
        {"percent_n", "%n", "\"%n\"", "%n"},
        {"two_percents", "%%", "\"%%\"", "%%"},
        {"braces", "{}", "\"{}\"", "{}"},
        {"numbered_braces", "{0}", "\"{0}\"", "{0}"},
        {"open_brace", "{", "\"{\"", "{"},
        {"closing_brace", "}", "\"}\"", "}"},
        {"open_bracket", "[", "\"[\"", "["},
        {"closing_bracket", "]", "\"]\"", "]"},
        {"open_parenthesis", "(", "\"(\"", "("},
        {"closing_parenthesis", ")", "\")\"", ")"},
        {"less", "<", "\"<\"", "<"},
        {"greater", ">", "\">\"", ">"},
        {"markup", "<script>", "\"<script>\"", "<script>"},
        {"entity", "&amp;", "\"&amp;\"", "&amp;"},
        {"equals", "=", "\"=\"", "="},
        {"two_equals", "==", "\"==\"", "=="},
        {"arrow", "=>", "\"=>\"", "=>"},
        {"cast", "::text", "\"::text\"", "::text"},
        {"colon", ":", "\":\"", ":"},
        {"two_colons", "::", "\"::\"", "::"},
        {"comma", ",", "\",\"", ","},
        {"dot", ".", "\".\"", "."},
        {"two_dots", "..", "\"..\"", ".."},
        {"dot_inside", "a.b", "\"a.b\"", "a.b"},
        {"two_dots_inside", "a.b.c", "\"a.b.c\"", "a.b.c"},
        {"underscore_inside", "a_b", "\"a_b\"", "a_b"},
        {"underscore", "_", "\"_\"", "_"},
        {"two_underscores", "__", "\"__\"", "__"},
        {"minus", "-", "\"-\"", "-"},
        {"minus_inside", "a-b", "\"a-b\"", "a-b"},
        {"plus", "+", "\"+\"", "+"},
        {"bar", "|", "\"|\"", "|"},
        {"two_bars", "||", "\"||\"", "||"},
        {"tilde", "~", "\"~\"", "~"},
        {"exclamation", "!", "\"!\"", "!"},
        {"question", "?", "\"?\"", "?"},
        {"at", "@", "\"@\"", "@"},
        {"hash", "#", "\"#\"", "#"},
        {"caret", "^", "\"^\"", "^"},
        {"asterisk", "*", "\"*\"", "*"},
        {"space", " ", "\" \"", " "},
        {"two_spaces", "  ", "\"  \"", "  "},
        {"space_before", " a", "\" a\"", " a"},
        {"space_behind", "a ", "\"a \"", "a "},
        {"space_inside", "a b", "\"a b\"", "a b"},
        {"tab", "\t", "\"\t\"", "\\t"},
        {"newline", "\n", "\"\n\"", "\\n"},
        {"carriage_return", "\r", "\"\r\"", "\\r"},
        {"line_end_of_two", "\r\n", "\"\r\n\"", "\\r\\n"},
        {"first_control", "\001", "\"\001\"", "\\u0001"},
        {"last_control", "\037", "\"\037\"", "\\u001F"},
        {"delete", "\177", "\"\177\"", "\177"},
        {"backspace", "\b", "\"\b\"", "\\b"},
        {"form_feed", "\f", "\"\f\"", "\\f"},
        {"terminal_escape", "\033[31m", "\"\033[31m\"", "\\u001B[31m"},
        {"newline_inside", "a\nb", "\"a\nb\"", "a\\nb"},
        {"tab_inside", "a\tb", "\"a\tb\"", "a\\tb"},
    };
}

// Words that are something in SQL, in JSON, or in an event.
inline std::vector<identifier_case> words() {
    return {
        {"word_select", "select", "\"select\"", "select"},
        {"word_from", "from", "\"from\"", "from"},
        {"word_where", "where", "\"where\"", "where"},
        {"word_table", "table", "\"table\"", "table"},
        {"word_user", "user", "\"user\"", "user"},
        {"word_order", "order", "\"order\"", "order"},
        {"word_group", "group", "\"group\"", "group"},
        {"word_limit", "limit", "\"limit\"", "limit"},
        {"word_all", "all", "\"all\"", "all"},
        {"word_and", "and", "\"and\"", "and"},
        {"word_or", "or", "\"or\"", "or"},
        {"word_not", "not", "\"not\"", "not"},
        {"word_null", "null", "\"null\"", "null"},
        {"word_true", "true", "\"true\"", "true"},
        {"word_false", "false", "\"false\"", "false"},
        {"word_default", "default", "\"default\"", "default"},
        {"word_primary", "primary", "\"primary\"", "primary"},
        {"word_references", "references", "\"references\"", "references"},
        {"word_check", "check", "\"check\"", "check"},
        {"word_current_user", "current_user", "\"current_user\"", "current_user"},
        {"word_session_user", "session_user", "\"session_user\"", "session_user"},
        {"word_ctid", "ctid", "\"ctid\"", "ctid"},
        {"word_oid", "oid", "\"oid\"", "oid"},
        {"word_xmin", "xmin", "\"xmin\"", "xmin"},
        {"word_tableoid", "tableoid", "\"tableoid\"", "tableoid"},
        {"null_in_capitals", "NULL", "\"NULL\"", "NULL"},
        {"null_capitalised", "Null", "\"Null\"", "Null"},
        {"true_in_capitals", "TRUE", "\"TRUE\"", "TRUE"},
        {"event_before", "before", "\"before\"", "before"},
        {"event_after", "after", "\"after\"", "after"},
        {"event_source", "source", "\"source\"", "source"},
        {"event_op", "op", "\"op\"", "op"},
        {"event_ts_ms", "ts_ms", "\"ts_ms\"", "ts_ms"},
        {"event_transaction", "transaction", "\"transaction\"", "transaction"},
        {"event_schema", "schema", "\"schema\"", "schema"},
        {"event_payload", "payload", "\"payload\"", "payload"},
        {"event_id", "id", "\"id\"", "id"},
        {"event_v", "v", "\"v\"", "v"},
        {"prototype", "__proto__", "\"__proto__\"", "__proto__"},
        {"constructor", "constructor", "\"constructor\"", "constructor"},
        {"debezium_op", "__op", "\"__op\"", "__op"},
        {"debezium_deleted", "__deleted", "\"__deleted\"", "__deleted"},
        {"own_schema", "tandem", "\"tandem\"", "tandem"},
        {"own_table", "progress", "\"progress\"", "progress"},
        {"schema_public", "public", "\"public\"", "public"},
        {"schema_of_the_system", "pg_catalog", "\"pg_catalog\"", "pg_catalog"},
    };
}

// Case and digits.
inline std::vector<identifier_case> cases_and_digits() {
    return {
        {"capital", "A", "\"A\"", "A"},
        {"small", "a", "\"a\"", "a"},
        {"capital_first", "Ab", "\"Ab\"", "Ab"},
        {"capital_second", "aB", "\"aB\"", "aB"},
        {"capitals", "AB", "\"AB\"", "AB"},
        {"zero", "0", "\"0\"", "0"},
        {"one", "1", "\"1\"", "1"},
        {"zero_in_front", "01", "\"01\"", "01"},
        {"digit_first", "1a", "\"1a\"", "1a"},
        {"exponent", "1e5", "\"1e5\"", "1e5"},
        {"negative", "-1", "\"-1\"", "-1"},
        {"fraction", "1.5", "\"1.5\"", "1.5"},
        {"nan", "NaN", "\"NaN\"", "NaN"},
        {"infinity", "Infinity", "\"Infinity\"", "Infinity"},
    };
}

// Scripts, and characters that are not seen.
inline std::vector<identifier_case> scripts() {
    return {
        {"japanese", "名前", "\"名前\"", "名前"},
        {"japanese_talk", "会話", "\"会話\"", "会話"},
        {"korean", "사용자_이름", "\"사용자_이름\"", "사용자_이름"},
        {"cyrillic", "имя", "\"имя\"", "имя"},
        {"greek", "όνομα", "\"όνομα\"", "όνομα"},
        {"arabic", "اسم", "\"اسم\"", "اسم"},
        {"hebrew", "שם", "\"שם\"", "שם"},
        {"devanagari", "नाम", "\"नाम\"", "नाम"},
        {"thai", "ชื่อ", "\"ชื่อ\"", "ชื่อ"},
        {"composed", "é", "\"é\"", "é"},
        {"decomposed", "e\u0301", "\"e\u0301\"", "e\u0301"},
        {"sharp_s", "ß", "\"ß\"", "ß"},
        {"dotted_capital_i", "İ", "\"İ\"", "İ"},
        {"dotless_i", "ı", "\"ı\"", "ı"},
        {"ligature", "ﬁ", "\"ﬁ\"", "ﬁ"},
        {"full_width", "Ａ", "\"Ａ\"", "Ａ"},
        {"emoji", "😀", "\"😀\"", "😀"},
        {"joined_emoji", "👩\u200d👧", "\"👩\u200d👧\"", "👩\u200d👧"},
        {"flag", "🇰🇷", "\"🇰🇷\"", "🇰🇷"},
        {"zero_width_space", "\u200b", "\"\u200b\"", "\u200b"},
        {"left_to_right_mark", "\u200e", "\"\u200e\"", "\u200e"},
        {"right_to_left_override", "\u202e", "\"\u202e\"", "\u202e"},
        {"byte_order_mark", "\ufeff", "\"\ufeff\"", "\ufeff"},
        {"replacement_character", "\ufffd", "\"\ufffd\"", "\ufffd"},
        {"fffe", "\ufffe", "\"\ufffe\"", "\ufffe"},
        {"ffff", "\uffff", "\"\uffff\"", "\uffff"},
        {"last_code_point", "\U0010FFFF", "\"\U0010FFFF\"", "\U0010FFFF"},
        {"no_break_space", "\u00a0", "\"\u00a0\"", "\u00a0"},
        {"line_separator", "\u2028", "\"\u2028\"", "\u2028"},
        {"paragraph_separator", "\u2029", "\"\u2029\"", "\u2029"},
    };
}

// 63 bytes are the most; 13, 15 to 17 and 31 to 33 are where a comparison by words goes on to the rest.
inline std::vector<identifier_case> lengths() {
    auto const plain = [](std::string name, std::string const& text) {
        return identifier_case{std::move(name), text, '"' + text + '"', text};
    };
    auto const times = [](std::size_t count, std::string const& text) {
        std::string made;
        for (; count > 0; --count) {
            made += text;
        }
        return made;
    };
    std::string const x(62, 'x');
    std::string const wide = times(21, "日"); // three bytes each
    return {
        plain("bytes_13", std::string(13, 'z')),
        plain("bytes_14", std::string(14, 'z')),
        plain("bytes_15", std::string(15, 'y')),
        plain("bytes_16", std::string(16, 'y')),
        plain("bytes_17", std::string(17, 'y')),
        plain("bytes_31", std::string(31, 'x')),
        plain("bytes_32", std::string(32, 'x')),
        plain("bytes_33", std::string(33, 'x')),
        plain("bytes_63", std::string(63, 'x')),
        {"a_quote_at_the_end", x + '"', '"' + x + R"(""")", x + R"(\")"},
        {"quotes_only", times(63, "\""), '"' + times(63, R"("")") + '"', times(63, R"(\")")},
        {"backslashes_only", times(63, R"(\)"), '"' + times(63, R"(\)") + '"', times(63, R"(\\)")},
        {"controls_only", times(63, "\001"), '"' + times(63, "\001") + '"', times(63, R"(\u0001)")},
        plain("wide_characters", wide),
        plain("wide_characters_and_three_bytes", wide.substr(0, 60) + "abc"),
    };
}

inline std::vector<identifier_case> identifiers() {
    std::vector<identifier_case> all;
    for (auto const& part : {punctuation(), words(), cases_and_digits(), scripts(), lengths()}) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

inline void PrintTo(identifier_case const& shown, std::ostream* out) {
    *out << shown.name;
}

} // namespace tandem::support
