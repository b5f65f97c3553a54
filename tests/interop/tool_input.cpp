#include "tests/interop/tool_input.hpp"

#include <cstdint>
#include <fstream>
#include <set>
#include <stdexcept>
#include <utility>

namespace tandem::event {
namespace {

template <class Mode>
void choose(settings const& given, std::string const& key, std::map<std::string, Mode> const& names,
            Mode& into) {
    if (auto const found = given.find(key); found != given.end()) {
        if (!names.contains(found->second)) {
            throw std::invalid_argument{key + '=' + found->second + " is no mode"};
        }
        into = names.at(found->second);
    }
}

} // namespace

std::vector<std::string> split(std::string const& line, char at) {
    std::vector<std::string> parts(1);
    for (char const each : line) {
        if (each == at) {
            parts.emplace_back();
        } else {
            parts.back().push_back(each);
        }
    }
    return parts;
}

type_table read_types(std::string const& path) {
    type_table types;
    std::ifstream file{path};
    for (std::string line; std::getline(file, line);) {
        auto const parts = split(line, '\t');
        type_facts facts;
        facts.what = parts.at(1) == "domain"      ? type_facts::sort::domain
                     : parts.at(1) == "enum"      ? type_facts::sort::enumeration
                     : parts.at(1) == "array"     ? type_facts::sort::array
                     : parts.at(1) == "composite" ? type_facts::sort::composite
                                                  : type_facts::sort::base;
        facts.name = parts.at(2);
        facts.of = {static_cast<std::uint32_t>(std::stoul(parts.at(3)))};
        facts.modifier = std::stoi(parts.at(4));
        facts.labels = split(parts.at(5), ',');
        types.add({static_cast<std::uint32_t>(std::stoul(parts.at(0)))}, std::move(facts));
    }
    return types;
}

value_options options_of(settings const& given) {
    value_options made;
    choose(given, "decimals",
           {{"precise", decimal_mode::precise},
            {"string", decimal_mode::string},
            {"double", decimal_mode::double_}},
           made.decimals);
    choose(given, "times",
           {{"adaptive", time_mode::adaptive},
            {"adaptive_time_microseconds", time_mode::adaptive_time_microseconds},
            {"connect", time_mode::connect},
            {"microseconds", time_mode::microseconds},
            {"nanoseconds", time_mode::nanoseconds},
            {"isostring", time_mode::isostring}},
           made.times);
    choose(given, "binaries",
           {{"bytes", binary_mode::bytes},
            {"base64", binary_mode::base64},
            {"base64-url-safe", binary_mode::base64_url_safe},
            {"hex", binary_mode::hex}},
           made.binaries);
    choose(given, "hstores", {{"json", hstore_mode::json}, {"map", hstore_mode::map}},
           made.hstores);
    choose(given, "intervals",
           {{"numeric", interval_mode::numeric}, {"string", interval_mode::string}},
           made.intervals);
    return made;
}

bool is_set(settings const& given, std::string const& key) {
    auto const found = given.find(key);
    return found != given.end() && found->second == "true";
}

settings read_settings(std::vector<std::string> const& arguments) {
    std::set<std::string> const known{"database",  "types",     "columns", "plain",
                                      "keys",      "facts",     "schemas", "transactions",
                                      "truncates", "heartbeat", "values",  "decimals",
                                      "times",     "binaries",  "hstores", "intervals"};
    settings given;
    for (std::string const& argument : arguments) {
        auto const at = argument.find('=');
        if (at == argument.npos || !known.contains(argument.substr(0, at))) {
            throw std::invalid_argument{argument + " is none of KEY=VALUE"};
        }
        given[argument.substr(0, at)] = argument.substr(at + 1);
    }
    std::vector<std::string> needed{"types"};
    if (!given.contains("columns")) {
        needed = {"types", "keys", "facts", "database"};
    }
    for (std::string const& key : needed) {
        if (!given.contains(key)) {
            throw std::invalid_argument{key + "= is missing"};
        }
    }
    for (char const* const key : {"types", "columns", "keys", "facts"}) {
        if (given.contains(key) && !std::ifstream{given.at(key)}) {
            throw std::invalid_argument{given.at(key) + " cannot be read"};
        }
    }
    return given;
}

} // namespace tandem::event
