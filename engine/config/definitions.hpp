#pragma once
// Configurations of Kafka Connect's kind: texts by name, held against definitions, with the sentences of its ConfigDef.
// https://kafka.apache.org/39/javadoc/org/apache/kafka/common/config/ConfigDef.html

#include "codecs/connect/problem.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tandem::connect {

// As a connector's configuration comes: every value is a text.
using property_map = std::map<std::string, std::string, std::less<>>;

enum class setting_type : std::uint8_t {
    boolean,
    string,
    int32,
    int16,
    int64,
    real,
    list,
    java_class,
    password,
};

// "INT"
[[nodiscard]] std::string_view java_name(setting_type type) noexcept;

using string_list = std::vector<std::string>;
// A parsed value; monostate is Java's null.
using setting = std::variant<std::monostate, bool, std::int64_t, double, std::string, string_list>;

// As Java prints it: "null", "[a, b]".
[[nodiscard]] std::string java_text(setting const& of);
// As a configuration has it: lists with commas.
[[nodiscard]] std::string text_of(setting const& of);

enum class importance : std::uint8_t { high, medium, low };
enum class display_width : std::uint8_t { none, brief, medium, large };

// What is wrong with a value, to stand behind "Invalid value ... for configuration ...: "; none: it is good.
using setting_check = std::function<std::optional<std::string>(setting const&)>;

struct setting_definition {
    std::string name;
    setting_type type = setting_type::string;
    std::optional<setting> by_default; // none: it has to be given
    importance matters = importance::medium;
    std::string doc;
    setting_check check = nullptr;
    std::string group = {};
    int order = -1;
    display_width width = display_width::none;
    std::string display = {}; // empty: the name
    string_list dependents = {};
    string_list recommended = {};
    // Of a class: none where there is one of that name, else what to say of it, which may be nothing. Without it every name
    // is one.
    std::function<std::optional<std::string>(std::string_view)> no_class = nullptr;
    // As `check`, but in a whole sentence.
    setting_check objection = nullptr;
    // How the sentences of `check` name it; empty: by its name.
    std::string inner_name = {};
};

// In the order in which they were defined, which is the order in which they are looked at.
using setting_definitions = std::vector<setting_definition>;

// "Invalid value {value} for configuration {name}: {why}"
[[nodiscard]] std::string invalid_value(std::string_view name, std::string_view value,
                                        std::string_view why);

// The same of a class that there is not, with what more there is to say.
[[nodiscard]] std::string no_such_class(std::string_view name, std::string_view class_name,
                                        std::string_view more);

// One value's text by its type. Error: a config problem.
[[nodiscard]] outcome<setting> parse_setting(std::string_view name, std::string_view text,
                                             setting_type type);

struct checked_setting {
    setting what;
    string_list problems; // whole sentences
};
// One definition held against what is given.
[[nodiscard]] checked_setting check_setting(setting_definition const& by,
                                            property_map const& given);

class settings {
public:
    // The first problem in the order of the definitions.
    [[nodiscard]] static outcome<settings> parse(setting_definitions const& by,
                                                 property_map const& given);

    [[nodiscard]] bool is_null(std::string_view name) const;
    [[nodiscard]] bool boolean(std::string_view name) const;
    [[nodiscard]] std::int64_t number(std::string_view name) const;
    [[nodiscard]] std::string const& string(std::string_view name) const;
    [[nodiscard]] std::optional<std::string> string_or_none(std::string_view name) const;
    [[nodiscard]] string_list const& list(std::string_view name) const;

private:
    std::map<std::string, setting, std::less<>> values_;
};

// --- checks, with the sentences of Kafka's validators -------------------------------------------------------------
[[nodiscard]] setting_check one_of(string_list allowed);
[[nodiscard]] setting_check one_of_in_any_case(string_list allowed);
[[nodiscard]] setting_check non_empty_string();
[[nodiscard]] setting_check non_empty_without_control_characters();
[[nodiscard]] setting_check different_aliases();
[[nodiscard]] setting_check non_null();
[[nodiscard]] setting_check at_least(std::int64_t least);
[[nodiscard]] setting_check between(std::int64_t least, std::int64_t most);
[[nodiscard]] setting_check non_empty_list();

// The properties that begin so, without it.
[[nodiscard]] property_map with_prefix(property_map const& all, std::string_view prefix);
// What a property is, as it stands.
[[nodiscard]] std::string text_in(property_map const& all, std::string_view name,
                                  std::string_view standard = {});

} // namespace tandem::connect
