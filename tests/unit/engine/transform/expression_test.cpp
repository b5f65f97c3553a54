#include "engine/transform/expression.hpp"

#include "codecs/connect/java_text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace tandem::connect {
namespace {

class Expression : public testing::Test {
protected:
    Expression() {
        record_.topic = "users";
        record_.key = {nullptr, value::of_map(key_)};
        record_.value = {nullptr, value::of_map(fields_)};
        record_.headers = {{"h", {nullptr, value::of_string("one")}},
                           {"h", {nullptr, value::of_string("two")}}};
    }

    std::string result(std::string_view text) {
        auto const made = expression::parse(text);
        if (!made) {
            return made.error().what;
        }
        auto const found = made->evaluate(record_, memory_);
        return found ? text_of(found->is_null() ? value::of_string("null") : *found)
                     : found.error().what;
    }

    std::vector<value> list_{value::of_integer(value_kind::int32, 1),
                             value::of_integer(value_kind::int32, 2)};
    std::vector<map_entry> key_{{value::of_string("id"), value::of_integer(value_kind::int64, 5)}};
    std::vector<map_entry> fields_{
        {value::of_string("op"), value::of_string("u")},
        {value::of_string("id"), value::of_integer(value_kind::int32, 7)},
        {value::of_string("name"), value::of_string("황보 Kim")},
        {value::of_string("price"), value::of_real(value_kind::float64, 2.5)},
        {value::of_string("amount"), value::of_decimal("\x7D", 2)}, // 1.25
        {value::of_string("gone"), value{}},
        {value::of_string("list"), value::of_array(list_)}};
    record record_;
    arena memory_;
};

TEST_F(Expression, LooksAtTheRecord) {
    std::vector<std::pair<std::string, std::string>> const known{
        {"value.op == 'u' && value.id > 3", "true"},
        {"value['op'] != 'u' || topic == 'users'", "true"},
        {"key.id == 5", "true"},
        {"header.h.value", "two"}, // the last of a name
        {"header['none']?.value", "null"},
        {"header.containsKey('h')", "true"},
        {"value.gone == null", "true"},
        {"value.gone?.x ?: 'nothing'", "nothing"},
        {"value.name.startsWith('황보') && value.name.length() == 6", "true"},
        {"value.name ==~ '.* [A-Z].*'", "true"},
        {"value.id in [1, 7]", "true"},
        {"value.list[1] + value.list[-2] * 2", "4"},
        {"value.list.contains(2) && !value.list.isEmpty()", "true"},
        {"value.amount < 1.3 && value.amount >= 1.25 && value.amount > 1", "true"},
        {"value.price == 2.5 ? topic + '-' + value.id : topic", "users-7"},
        {"-value.id % 4", "-3"},
        {"\"it's\" + '\\'\\n'", "it's'\n"},
    };
    for (auto const& [text, found] : known) {
        EXPECT_EQ(result(text), found) << text;
    }
}

TEST_F(Expression, SaysWhatItCannot) {
    std::vector<std::pair<std::string, std::string>> const known{
        {"", "it ends where a value is wanted at column 1"},
        {"value.op = 'u'", "'=' is not supported at column 10"},
        {"valu.op", "there is no 'valu': there are key, value, topic, header, keySchema and "
                    "valueSchema at column 1"},
        {"value.op == 'u", "a text without its end at column 13"},
        {"\"${value.op}\"",
         "a \"text\" with $ is not supported: join with +, or use '…' at column 1"},
        {"value.op == 'u' value", "unexpected 'value' at column 17"},
        {"(1", "')' is missing at column 3"},
        {"'a' ==~ '('", "Unclosed group near index 1\n( at column 9"},
        {"value.gone.x", "Cannot get property 'x' on null object"},
        {"value.gone.trim()", "Cannot invoke method trim() on null object"},
        {"value.op < 5", "Cannot compare a java.lang.String with a java.lang.Integer"},
        {"header.h", "it is neither a text nor a truth"},
        {"header.h == 'two'",
         "a header or schema by itself is no value: take its .value or .name()"},
        {"value.id % 0", "Division by zero"},
        {"value.id * 2147483647", "a number does not fit its type"},
        {"value.op.execute()", "a java.lang.String has no method execute() with 0 arguments here"},
        {"value.list[-3]", "Negative array index [-3] too large for array size 2"},
    };
    for (auto const& [text, found] : known) {
        EXPECT_EQ(result(text), found) << text;
    }
    EXPECT_EQ(result(std::string(500, '(')), "nested too deeply at column 51");
    EXPECT_EQ(result(std::string(500, '!') + "true"), "nested too deeply at column 100");
}

} // namespace
} // namespace tandem::connect
