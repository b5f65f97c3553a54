// Texts of composite values, ranges and multiranges: what the server accepts, and the elements that it finds, are what
// codecs/values/row_text.hpp accepts and finds. Asked for a few texts and for every one that differs from them by
// a byte.

#include "tests/integration/io_pg.hpp"
#include "tests/support/row_text_shown.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace tandem {
namespace {

// For each kind a function that shows what the server reads; "order" where only the bounds are the wrong way round, null
// where the text is malformed.
constexpr auto functions = R"(
CREATE TYPE pg_temp.three AS (a text, b text, c text);
CREATE TYPE pg_temp.words AS RANGE (subtype = text, collation = "C", multirange_type_name = pg_temp.multiwords);
CREATE FUNCTION pg_temp.element(t text) RETURNS text LANGUAGE sql AS $$ SELECT coalesce('(' || t || ')', '0') $$;
CREATE FUNCTION pg_temp.record(t text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r pg_temp.three;
BEGIN
    r := t::pg_temp.three;
    RETURN pg_temp.element((r).a) || pg_temp.element((r).b) || pg_temp.element((r).c);
EXCEPTION WHEN invalid_text_representation THEN RETURN NULL;
END $$;
CREATE FUNCTION pg_temp.range(t text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r pg_temp.words;
BEGIN
    r := t::pg_temp.words;
    IF isempty(r) THEN RETURN 'empty'; END IF;
    RETURN CASE WHEN lower_inc(r) THEN '[' ELSE '(' END || pg_temp.element(lower(r)) || pg_temp.element(upper(r))
           || CASE WHEN upper_inc(r) THEN ']' ELSE ')' END;
EXCEPTION WHEN invalid_text_representation THEN RETURN NULL; WHEN data_exception THEN RETURN 'order';
END $$;
CREATE FUNCTION pg_temp.multirange(t text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN t::pg_temp.multiwords;
EXCEPTION WHEN invalid_text_representation THEN RETURN NULL; WHEN data_exception THEN RETURN 'order';
END $$;
)";

std::vector<std::string> one_byte_from(std::vector<std::string> const& texts) {
    std::set<std::string> found{texts.begin(), texts.end()};
    for (std::string const& text : texts) {
        for (std::size_t at = 0; at <= text.size(); ++at) {
            found.insert(text.substr(0, at));
            for (char const each : std::string_view{"\"\\,()[]{} e\n"}) {
                found.insert(text.substr(0, at) + each + text.substr(at));
                found.insert(text.substr(0, at) + each +
                             text.substr(std::min(at + 1, text.size())));
            }
        }
    }
    return {found.begin(), found.end()};
}

class RowText : public test::pg_test {
protected:
    void SetUp() override {
        test::pg_test::SetUp();
        link_ = open();
        execute(*link_, functions);
    }

    // What the server reads of each text; "" for malformed ones.
    std::vector<std::string> read_by_server(std::string const& function,
                                            std::vector<std::string> const& texts) {
        std::string rows;
        for (std::string const& text : texts) {
            std::string literal;
            for (char const each : text) {
                literal += each == '\'' ? "''" : std::string(1, each);
            }
            rows += (rows.empty() ? "('" : ",('") + literal + "')";
        }
        auto const answer = execute(*link_, "SELECT pg_temp." + function + "(t) FROM (VALUES " +
                                                rows + ") AS given(t)");
        std::vector<std::string> read;
        for (std::size_t row = 0; row < texts.size(); ++row) {
            read.emplace_back(answer.text(static_cast<int>(row), 0));
        }
        return read;
    }

    std::unique_ptr<io::pg::connection> link_;
};

// The parts of a shown record: 0 or (..) each, whose text may hold anything; so they are counted while reading.
std::size_t columns_of(std::string_view text) {
    arena strings;
    values::record_text_reader in{text, strings};
    std::size_t count = 0;
    for (auto each = in.next(); each.what == values::record_text_reader::kind::value ||
                                each.what == values::record_text_reader::kind::null;
         each = in.next()) {
        ++count;
    }
    return count;
}

TEST_F(RowText, RecordsAsTheServerReadsThem) {
    auto const texts = one_byte_from({"(1,a,b)", R"~((,"",))~", R"~(("a""b","c\d"," e\" "))~",
                                      R"~( ( a ,"(",\)) )~", R"~((x"y z"w,\",""""))~"});
    auto const theirs = read_by_server("record", texts);
    std::size_t accepted = 0;
    for (std::size_t index = 0; index < texts.size(); ++index) {
        auto const ours = wire::row_text_shown::record(texts[index]);
        bool const three = ours.text && columns_of(texts[index]) == 3;
        ASSERT_EQ(three ? *ours.text : "", theirs[index])
            << texts[index] << ": " << ours.error.message();
        accepted += three ? 1U : 0U;
    }
    EXPECT_GT(texts.size(), 1'000U);
    EXPECT_GT(accepted, 300U);
}

// As the server normalises: equal bounds of which one is excluded hold nothing, and no bound is never included.
std::string normalised(std::string_view text) {
    arena strings;
    auto const read = values::parse_range(text, strings);
    if (!read) {
        return "";
    }
    bool const both = read->lower && read->upper;
    if (both && *read->lower > *read->upper) {
        return "order";
    }
    bool const closed = read->lower_inclusive && read->upper_inclusive;
    if (read->empty || (both && *read->lower == *read->upper && !closed)) {
        return "empty";
    }
    std::string shown = *wire::row_text_shown::range(text).text;
    shown.front() = read->lower ? shown.front() : '(';
    shown.back() = read->upper ? shown.back() : ')';
    return shown;
}

TEST_F(RowText, RangesAsTheServerReadsThem) {
    auto const texts = one_byte_from({"[1,5)", "(,)", " empty ", "EmPtY", R"~(["a""b","c\d)"])~",
                                      R"~((a b,\,x])~", R"~(["",""])~"});
    auto const theirs = read_by_server("range", texts);
    std::size_t accepted = 0;
    for (std::size_t index = 0; index < texts.size(); ++index) {
        ASSERT_EQ(normalised(texts[index]), theirs[index]) << texts[index];
        accepted += theirs[index].empty() ? 0U : 1U;
    }
    EXPECT_GT(accepted, 300U);
}

TEST_F(RowText, MultirangesAsTheServerReadsThem) {
    auto texts = one_byte_from(
        {"{}", "{[1,3),[5,7)}", " { (,1) , [2,) } ", R"~({["}","~"],(x,\~)})~", "{empty,[1,2]}"});
    // Behind a backslash the server skips a space before it takes the next byte as it is; its ranges do not.
    std::erase_if(texts, [](std::string const& text) {
        return text.find("\\ ") != text.npos || text.find("\\\n") != text.npos;
    });
    auto const theirs = read_by_server("multirange", texts);
    std::size_t accepted = 0;
    for (std::size_t index = 0; index < texts.size(); ++index) {
        auto const ours = wire::row_text_shown::multirange(texts[index]);
        ASSERT_EQ(ours.text.has_value(), !theirs[index].empty())
            << texts[index] << ": " << ours.error.message();
        accepted += theirs[index].empty() ? 0U : 1U;
    }
    EXPECT_GT(accepted, 200U);
}

} // namespace
} // namespace tandem
