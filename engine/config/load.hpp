#pragma once
// Flag > environment > file > default.
//
// Each source yields the texts it holds per setting, with the place they came from; the strongest
// source of a setting wins as a whole (lists are not merged), and only then are the texts read.

#include "engine/config/error.hpp"
#include "engine/config/options.hpp"

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::engine {

struct given_value {
    std::string where; // "--batch-rows", "TANDEM_BATCH_ROWS", "tandem.toml:3: batch-rows"
    std::string text;
};
using given = std::map<std::string, std::vector<given_value>>; // by setting name

// nullptr where a variable is not set, as getenv.
using environment = std::function<char const*(std::string const& name)>;
// The content of a file named by ${file:PATH}; throws config_error.
using file_reader = std::function<std::string(std::string const& path)>;

// Lists are separated by ';' or newlines, so that connection strings may hold spaces.
[[nodiscard]] given from_environment(environment const& variables);

// What to say of variables of this environment that look like a setting's but are none.
[[nodiscard]] std::vector<std::string> misspelt_variables(std::span<std::string const> names);

// Keys are flag names with - or _; [[node]] tables with name and uri stand for --node; ${env:NAME}
// and ${file:PATH} in texts are replaced. Unknown keys throw with line and nearest name.
[[nodiscard]] given from_toml(std::string_view text, std::string const& file_name,
                              environment const& variables, file_reader const& read_file);

// Replaces ${env:NAME} and ${file:PATH} in those settings of flags or variables that hold secrets.
[[nodiscard]] given with_secrets(given from, environment const& variables,
                                 file_reader const& read_file);

// Reads the texts; sources strongest first. Throws config_error naming the place.
[[nodiscard]] options build(std::vector<given> const& sources);

// All together: `flags` from the command line; the file is `config_file`, else $TANDEM_CONFIG, else
// none.
[[nodiscard]] options load(given const& flags, std::string const& config_file,
                           environment const& variables);

// What no single setting can know. Throws config_error.
//   validate_nodes: names, uniqueness, count, one-way names; `least` nodes are needed.
//   validate_sites: validate_nodes where a peer may stand for the second node.
//   validate_brokers: there are some.
//   validate_listen: the address, and whether it may be served.
//   validate_run: that, and sizes against each other.
void validate_nodes(options const& set, std::size_t least);
void validate_sites(options const& set);
void validate_brokers(options const& set);
void validate_listen(options const& set);
void validate_run(options const& set);

struct listen_address {
    std::string host;
    unsigned short port = 0;
    bool loopback = false;
};
// "127.0.0.1:8083", "[::1]:8083", "localhost:0". Throws config_error.
[[nodiscard]] listen_address parse_listen(std::string_view text);

} // namespace tandem::engine
