#pragma once
// Settings of Debezium's connectors, which check more than Kafka's definitions can, in sentences of their own.
// https://debezium.io/documentation/reference/3.0/connectors/postgresql.html#postgresql-connector-properties

#include "engine/config/definitions.hpp"

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

// What a check looks at: the setting's value, or its default; none: neither.
struct debezium_value {
    std::optional<std::string_view> text;
    property_map const& all;
};
// Appends what is wrong, to stand behind "The '...' value is invalid: ".
using debezium_check = void (*)(debezium_value const& of, string_list& problems);

// One row of a connector's table. Static texts only.
struct debezium_row {
    std::string_view name;
    setting_type type;
    char const* by_default; // null: none
    importance matters;
    display_width width;
    std::string_view display;
    std::string_view doc;
    std::string_view allowed = {};             // of an enumeration, with commas
    std::array<debezium_check, 2> checks = {}; // null: none
    std::string_view dependent = {};           // another setting's name
    bool visible = true;                       // in a form that asks for settings
};

class debezium_settings {
public:
    // Rows of one group after the other.
    void add(std::string_view group, std::span<debezium_row const> rows);

    [[nodiscard]] setting_definitions const& definitions() const noexcept { return definitions_; }

    // What every setting has to say to a configuration, in the order of the definitions. All problems are whole sentences.
    struct judged {
        std::string name;
        string_list recommended;
        string_list problems;
        bool visible = true;
    };
    [[nodiscard]] std::vector<judged> judge(property_map const& given) const;

private:
    struct rule {
        string_list allowed; // in the order in which Debezium lists them
        std::array<debezium_check, 2> checks;
        bool visible = true;
    };
    setting_definitions definitions_;
    std::vector<rule> rules_; // of each definition
};

// "The 'NAME' value is invalid: WHY"
[[nodiscard]] std::string invalid_debezium_value(std::string_view name, std::string_view why);

// --- checks ---------------------------------------------------------------------------------------------------------
void check_required(debezium_value const& of, string_list& problems);
void check_integer(debezium_value const& of, string_list& problems);
void check_boolean(debezium_value const& of, string_list& problems);
void check_positive_integer(debezium_value const& of, string_list& problems);
void check_non_negative_integer(debezium_value const& of, string_list& problems);
void check_positive_long(debezium_value const& of, string_list& problems);
void check_non_negative_long(debezium_value const& of, string_list& problems);
void check_list_of_regexes(debezium_value const& of, string_list& problems);
void check_pairs(debezium_value const& of, string_list& problems); // "a=b,c=d"
void check_topic_name(debezium_value const& of, string_list& problems);
void check_host_name(debezium_value const& of, string_list& problems);

} // namespace tandem::connect
