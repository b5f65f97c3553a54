#include "engine/config/load.hpp"

#include "engine/config/nearest.hpp"
#include "engine/config/redact.hpp"
#include "engine/config/settings.hpp"
#include "engine/config/transform_entries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

namespace tandem::engine {
namespace {

// Replaces ${env:NAME} and ${file:PATH}; "$${" stands for a literal "${".
std::string expanded(std::string const& text, environment const& variables,
                     file_reader const& read_file) {
    std::string result;
    std::size_t at = 0;
    while (at < text.size()) {
        if (text.compare(at, 3, "$${") == 0) {
            result += "${";
            at += 3;
            continue;
        }
        if (text.compare(at, 2, "${") != 0) {
            result += text[at++];
            continue;
        }
        std::size_t const close = text.find('}', at);
        if (close == std::string::npos) {
            throw config_error{"'${' without '}'; write '$${' for the characters themselves"};
        }
        std::string const inside = text.substr(at + 2, close - at - 2);
        if (inside.starts_with("env:")) {
            char const* const value = variables(inside.substr(4));
            if (value == nullptr) {
                throw config_error{
                    fmt::format("environment variable {} is not set", inside.substr(4))};
            }
            result += value;
        } else if (inside.starts_with("file:")) {
            result += read_file(inside.substr(5));
        } else {
            throw config_error{
                "only ${env:NAME} and ${file:PATH} are known behind '${'; write '$${' "
                "for the characters themselves"}; // not repeated: part of a secret
        }
        at = close + 1;
    }
    return result;
}

std::vector<std::string> setting_names() {
    std::vector<std::string> names;
    for (setting const& each : settings()) {
        names.emplace_back(each.name);
    }
    return names;
}

// One TOML document on its way into `given`.
class toml_reader {
public:
    toml_reader(std::string const& file_name, environment const& variables,
                file_reader const& read_file)
        : file_name_{file_name}, variables_{variables}, read_file_{read_file} {}

    given read(toml::table const& document) {
        for (auto const& [key, value] : document) {
            if (is_of_transforms(key.str())) { // see transforms_from_toml()
                continue;
            }
            read_entry(std::string{key.str()}, key.source(), value);
        }
        return std::move(found_);
    }

private:
    [[nodiscard]] std::string place(toml::source_region const& source, std::string_view key) const {
        return fmt::format("{}:{}: {}", file_name_, source.begin.line, key);
    }

    void read_entry(std::string const& key, toml::source_region const& source,
                    toml::node const& value) {
        std::string const where = place(source, key);
        if (key == "ddl" && value.is_table()) {
            for (auto const& [inside, each] : *value.as_table()) {
                read_entry(inside.str() == "carry" ? "ddl" : fmt::format("ddl-{}", inside.str()),
                           inside.source(), each);
            }
            return;
        }
        std::string name = key;
        std::replace(name.begin(), name.end(), '_', '-');
        setting const* const known = find_setting(name);
        if (known == nullptr) {
            throw config_error{where + ": unknown key" + suggestion(name)};
        }
        if (name == "node" && is_array_of_tables(value)) {
            for (toml::node const& each : *value.as_array()) {
                read_node(*each.as_table());
            }
            return;
        }
        if (toml::array const* const list = value.as_array()) {
            if (known->takes != setting::kind::list) {
                throw config_error{where + ": takes one value, not a list"};
            }
            found_[name]; // an empty list is a value too
            for (toml::node const& each : *list) {
                found_[name].push_back({place(each.source(), key), quoted(each, where)});
            }
            return;
        }
        bool const number_fits =
            known->takes == setting::kind::value || known->takes == setting::kind::toggle;
        found_[name].push_back({where, number_fits ? text_of(value, where) : quoted(value, where)});
    }

    static bool is_array_of_tables(toml::node const& value) {
        return value.is_array() && !value.as_array()->empty() &&
               std::all_of(value.as_array()->begin(), value.as_array()->end(),
                           [](toml::node const& each) { return each.is_table(); });
    }

    void read_node(toml::table const& node) {
        std::string name;
        std::string uri;
        for (auto const& [key, value] : node) {
            std::string const where = place(key.source(), "node." + std::string{key.str()});
            if (key.str() == "name") {
                name = quoted(value, where);
            } else if (key.str() == "uri") {
                uri = quoted(value, where);
            } else {
                throw config_error{where + ": unknown key; a node has name and uri"};
            }
        }
        std::string const where = place(node.source(), "node");
        if (name.empty() || uri.empty()) {
            throw config_error{where + ": a node needs name and uri"};
        }
        std::string text = std::move(name);
        text.append("=").append(uri);
        found_["node"].push_back({where, std::move(text)});
    }

    std::string quoted(toml::node const& value, std::string const& where) const {
        if (!value.is_string()) {
            throw config_error{where + ": expected a string, in quotes"};
        }
        return text_of(value, where);
    }

    std::string text_of(toml::node const& value, std::string const& where) const {
        if (auto const text = value.value_exact<std::string>()) {
            try {
                return expanded(*text, variables_, read_file_);
            } catch (config_error const& failed) {
                throw config_error{where + ": " + failed.what()};
            }
        }
        if (auto const number = value.value_exact<std::int64_t>()) {
            return std::to_string(*number);
        }
        if (auto const choice = value.value_exact<bool>()) {
            return *choice ? "true" : "false";
        }
        throw config_error{where + ": expected a string, a whole number, or true or false"};
    }

    static std::string suggestion(std::string const& name) {
        auto const near = nearest(name, setting_names());
        return near ? fmt::format("; did you mean '{}'?", *near) : "";
    }

    std::string const& file_name_;
    environment const& variables_;
    file_reader const& read_file_;
    given found_;
};

std::string read_whole(std::filesystem::path const& path) {
    std::ifstream in{path, std::ios::binary};
    std::ostringstream content;
    content << in.rdbuf();
    if (!in || std::filesystem::is_directory(path)) {
        throw config_error{fmt::format("cannot read file '{}'; check the path and its permissions",
                                       path.string())};
    }
    return std::move(content).str();
}

// The newline editors put last is no part of a secret.
file_reader reading_in(std::filesystem::path const& folder) {
    return [folder](std::string const& path) {
        std::string content = read_whole(folder / path);
        while (content.ends_with('\n') || content.ends_with('\r')) {
            content.pop_back();
        }
        return content;
    };
}

// Relative paths are meant from where the file is.
file_reader reading_beside(std::string const& name) {
    return reading_in(std::filesystem::path{name}.parent_path());
}

} // namespace

given from_environment(environment const& variables) {
    given found;
    for (setting const& each : settings()) {
        std::string const name = environment_name(each.name);
        char const* const value = variables(name);
        if (value == nullptr) {
            continue;
        }
        std::string_view rest{value};
        std::vector<given_value>& texts = found[std::string{each.name}];
        if (each.takes != setting::kind::list) {
            texts.push_back({name, std::string{rest}});
            continue;
        }
        while (!rest.empty()) {
            std::size_t const stop = std::min(rest.find_first_of(";\n"), rest.size());
            if (std::string_view const item = rest.substr(0, stop);
                item.find_first_not_of(" \t\r") != std::string_view::npos) {
                std::size_t const start = item.find_first_not_of(" \t\r");
                std::size_t const last = item.find_last_not_of(" \t\r");
                texts.push_back({name, std::string{item.substr(start, last - start + 1)}});
            }
            rest.remove_prefix(std::min(stop + 1, rest.size()));
        }
    }
    return found;
}

std::vector<std::string> misspelt_variables(std::span<std::string const> names) {
    constexpr std::string_view prefix = "TANDEM_";
    std::vector<std::string> known{environment_name("config").substr(prefix.size())};
    for (std::string const& each : setting_names()) {
        known.push_back(environment_name(each).substr(prefix.size()));
    }
    std::vector<std::string> found;
    for (std::string const& name : names) {
        if (!name.starts_with(prefix)) {
            continue;
        }
        std::string const word = name.substr(prefix.size());
        auto const near = nearest(word, known);
        if (near && *near != word) {
            found.push_back(fmt::format("environment variable {} is not known and has no effect; "
                                        "did you mean {}{}?",
                                        name, prefix, *near));
        }
    }
    return found;
}

given from_toml(std::string_view text, std::string const& file_name, environment const& variables,
                file_reader const& read_file) {
    try {
        toml::table const document = toml::parse(text, file_name);
        return toml_reader{file_name, variables, read_file}.read(document);
    } catch (toml::parse_error const& failed) {
        throw config_error{
            fmt::format("{}:{}: {}", file_name, failed.source().begin.line, failed.description())};
    }
}

given with_secrets(given from, environment const& variables, file_reader const& read_file) {
    for (auto& [name, values] : from) {
        if (!find_setting(name)->holds_secrets) {
            continue;
        }
        for (given_value& value : values) {
            try {
                value.text = expanded(value.text, variables, read_file);
            } catch (config_error const& failed) {
                throw config_error{value.where + ": " + failed.what()};
            }
        }
    }
    return from;
}

namespace {

void rank(options& set) {
    std::vector<node_options*> all;
    for (auto* const list : {&set.nodes, &set.peers}) {
        for (node_options& each : *list) {
            all.push_back(&each);
        }
    }
    std::ranges::sort(all, {}, &node_options::name);
    for (std::size_t at = 0; at < all.size(); ++at) {
        all[at]->rank = static_cast<int>(at);
    }
}

// No password, and of Kafka's properties the names alone.
std::string shown_value(setting const& which, given_value const& value) {
    if (which.name == "x" || which.name == "kafka" || which.letter == 'X') {
        return value.text.substr(0, value.text.find('=')) + "=•••";
    }
    if (which.name == "node") { // NAME=URI
        auto const uri = value.text.find('=') + 1;
        return value.text.substr(0, uri) + redact(value.text.substr(uri));
    }
    return which.holds_secrets || which.group == setting_group::nodes ? redact(value.text)
                                                                      : value.text;
}

} // namespace

options build(std::vector<given> const& sources) {
    options set;
    for (setting const& each : settings()) {
        for (given const& source : sources) {
            auto const found = source.find(std::string{each.name});
            if (found == source.end()) {
                continue;
            }
            for (given_value const& value : found->second) {
                set.told[std::string{each.name}].push_back({value.where, shown_value(each, value)});
                try {
                    each.set(set, value.text);
                } catch (config_error const& failed) {
                    throw config_error{value.where + ": " + failed.what()};
                }
            }
            break;
        }
    }
    rank(set);
    return set;
}

options load(given const& flags, std::string const& config_file, environment const& variables) {
    std::string name = config_file;
    if (name.empty()) {
        char const* const from_variable = variables("TANDEM_CONFIG");
        name = from_variable == nullptr ? "" : from_variable;
    }
    auto const read_here = reading_in({});
    std::vector<given> sources{with_secrets(flags, variables, read_here),
                               with_secrets(from_environment(variables), variables, read_here)};
    row_transform_entries transforms;
    if (!name.empty()) {
        auto const text = read_whole(name);
        sources.push_back(from_toml(text, name, variables, reading_beside(name)));
        transforms = transforms_from_toml(text, name);
    }
    auto set = build(sources);
    set.row_transforms = std::move(transforms);
    return set;
}

} // namespace tandem::engine
