#pragma once
// What a request's Host header may say, and who else holds a port. No Beast here.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::io::http {

// A web page elsewhere can make a browser talk to us under its own name (DNS rebinding): only names
// that belong to us are served. `host` is the header's value, with or without port. Allowed are
// localhost and the loopback addresses, the listen address, and the names given; where the listen
// address is a wildcard any IP address as well (a rebinding page needs a name).
[[nodiscard]] bool host_allowed(std::string_view host, std::string_view listen_address,
                                std::vector<std::string> const& names);

struct process {
    int pid = 0;
    std::string name;
};

// Who listens on that TCP port, from /proc; nullopt when that is not ours to see.
[[nodiscard]] std::optional<process> port_holder(std::uint16_t port);

// The inodes of sockets that listen on the port, from the text of /proc/net/tcp or tcp6.
[[nodiscard]] std::vector<std::string> listening_inodes(std::string_view table, std::uint16_t port);

} // namespace tandem::io::http
