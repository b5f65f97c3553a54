#pragma once
// A connector's configuration held against everything that its class, its worker and its parts know of it: what
// PUT /connector-plugins/TYPE/config/validate tells. Pure: whether the database answers is asked elsewhere.
// https://kafka.apache.org/39/documentation/#connect_rest

#include "engine/connect/plugins.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

// What became of one setting.
struct setting_verdict {
    std::string name;
    std::optional<std::string> value; // as it is understood; none: null, or not looked at
    string_list recommended;
    string_list errors;
    bool visible = true;
};

struct setting_info {
    std::optional<setting_definition> definition; // none: there is no such setting
    std::optional<setting_verdict> verdict;
};

struct config_verdict {
    std::string name; // of the class, as the configuration has it
    int errors = 0;
    string_list groups;
    std::vector<setting_info> settings;

    // Adds an error of the connector's own. The setting is one of its.
    void object(std::string_view about, std::string error);
    // "Connector configuration is invalid and contains the following N error(s): ..."
    [[nodiscard]] std::string sentence() const;
};

struct worker_facts {
    std::string group_id; // of the workers
};

// Errors: `connect`, of a configuration that names no class, or one that there is not: with BadRequest's sentence or
// Connect's own.
struct class_problem {
    int status = 400; // of HTTP
    std::string what;
};
[[nodiscard]] boost::system::result<plugin const*, class_problem> connector_class(
    property_map const& given);

// `of`: the class that `given` names. `nulls`: names that came with null for a value.
[[nodiscard]] config_verdict validate(plugin const& of, property_map const& given,
                                      string_list const& nulls, worker_facts const& worker);

[[noreturn]] void throw_exception_from_error(class_problem const& error,
                                             boost::source_location const& at);

} // namespace tandem::connect
