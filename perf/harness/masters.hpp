// The two servers of a run: made here on free loopback ports, in containers, or given.
#pragma once

#include "perf/harness/child.hpp"
#include "perf/harness/session.hpp"

#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace tandem::perf {

inline constexpr int node_a = 0;
inline constexpr int node_b = 1;
[[nodiscard]] constexpr char node_name(int node) {
    return node == node_a ? 'a' : 'b';
}

struct masters_wanted {
    std::array<std::string, 2> given;  // addresses of servers that run; "": made here
    std::filesystem::path folder;      // of data and logs of those that are made
    bool tcp = false;                  // reached by loopback TCP in place of Unix sockets
    bool containers = false;           // by the compose file beside this
    std::vector<std::string> settings; // more lines of postgresql.conf
};

class composed;

class masters {
public:
    explicit masters(masters_wanted const& wanted);
    masters(masters const&) = delete;
    masters& operator=(masters const&) = delete;
    ~masters(); // stops and removes what it made

    // An empty database of this name at both.
    void create_database(std::string const& name);
    // With its slots and sessions. The files stay where pglogical is loaded: its supervisor never answers DROP DATABASE.
    void drop_database(std::string const& name);

    [[nodiscard]] std::string uri(int node, std::string const& database) const;
    // For those who can't use a Unix socket.
    [[nodiscard]] std::string tcp_uri(int node, std::string const& database) const;
    [[nodiscard]] bool made() const { return made_; }
    // The postmaster if the server is on this machine, else 0: then its processes can't be seen.
    [[nodiscard]] pid_t postmaster(int node) const {
        return postmaster_[static_cast<std::size_t>(node)];
    }
    [[nodiscard]] int version() const { return version_; }
    [[nodiscard]] int port(int node) const { return port_[static_cast<std::size_t>(node)]; }
    [[nodiscard]] std::filesystem::path const& sockets() const { return sockets_; }

private:
    void make(masters_wanted const& wanted);
    void compose();
    void check(int node);
    void start(int node, std::filesystem::path const& programs);

    bool made_;                          // by initdb
    std::unique_ptr<composed> composed_; // where they are containers
    std::filesystem::path folder_;
    std::filesystem::path sockets_;
    std::array<std::string, 2> uri_;
    std::array<int, 2> port_{};
    std::array<pid_t, 2> postmaster_{};
    std::array<child, 2> server_;
    int version_ = 0;
    bool droppable_ = true;
};

// Where initdb and postgres of the newest installed major up to 15 are, or of this one.
[[nodiscard]] std::filesystem::path server_programs();
// A port nobody listens on.
[[nodiscard]] int free_port();

} // namespace tandem::perf
