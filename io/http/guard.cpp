#include "io/http/guard.hpp"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace tandem::io::http {

namespace {

namespace fs = std::filesystem;
using boost::asio::ip::address;

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_name(std::string_view left, std::string_view right) {
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [](char a, char b) { return lower(a) == lower(b); });
}

bool is_port(std::string_view text) {
    return text.size() <= 5 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// "name:port" or "[v6]:port" without the port; empty when it is neither.
std::string_view without_port(std::string_view host) {
    auto const bracket = host.starts_with('[') ? host.find(']') : 0;
    if (bracket == std::string_view::npos) {
        return {};
    }
    auto const colon = host.find(':', bracket);
    if (colon != std::string_view::npos && !is_port(host.substr(colon + 1))) {
        return {};
    }
    auto const name = host.substr(0, colon);
    if (bracket == 0) {
        return name;
    }
    return name.size() == bracket + 1 ? name.substr(1, bracket - 1) : std::string_view{};
}

std::optional<address> as_address(std::string_view text) {
    boost::system::error_code failed;
    auto const parsed = boost::asio::ip::make_address(std::string{text}, failed);
    return failed ? std::nullopt : std::optional{parsed};
}

std::string read_file(fs::path const& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

// Whether the process holds one of the sockets; false where we may not look.
bool holds(fs::path const& process_folder, std::vector<std::string> const& inodes) {
    std::error_code hidden;
    for (fs::directory_iterator at{process_folder / "fd", hidden}, end; !hidden && at != end;
         at.increment(hidden)) {
        std::error_code closed;
        auto const target = fs::read_symlink(at->path(), closed).string();
        if (!closed && std::any_of(inodes.begin(), inodes.end(), [&target](auto const& inode) {
                return target == fmt::format("socket:[{}]", inode);
            })) {
            return true;
        }
    }
    return false;
}

} // namespace

bool host_allowed(std::string_view host, std::string_view listen_address,
                  std::vector<std::string> const& names) {
    auto const name = without_port(host);
    if (name.empty()) {
        return false;
    }
    if (auto const literal = as_address(name)) {
        auto const listen = as_address(listen_address);
        return literal->is_loopback() ||
               (listen && (*literal == *listen || listen->is_unspecified()));
    }
    return same_name(name, "localhost") ||
           std::any_of(names.begin(), names.end(),
                       [name](auto const& allowed) { return same_name(name, allowed); });
}

std::vector<std::string> listening_inodes(std::string_view table, std::uint16_t port) {
    constexpr std::string_view listen_state = "0A";
    auto const wanted = fmt::format(":{:04X}", port);
    std::vector<std::string> inodes;
    std::istringstream lines{std::string{table}};
    std::string line;
    std::getline(lines, line); // the heading
    while (std::getline(lines, line)) {
        // number, local, remote, state, queues, timer, retransmits, user, timeout, inode
        std::istringstream words{line};
        std::vector<std::string> const fields{std::istream_iterator<std::string>{words}, {}};
        if (fields.size() > 9 && fields[1].ends_with(wanted) && fields[3] == listen_state) {
            inodes.push_back(fields[9]);
        }
    }
    return inodes;
}

std::optional<process> port_holder(std::uint16_t port) {
    std::vector<std::string> inodes;
    for (char const* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        auto const found = listening_inodes(read_file(table), port);
        inodes.insert(inodes.end(), found.begin(), found.end());
    }
    std::error_code hidden;
    for (fs::directory_iterator at{"/proc", hidden}, end; !hidden && at != end && !inodes.empty();
         at.increment(hidden)) {
        auto const name = at->path().filename().string();
        process found;
        auto const [rest, failed] =
            std::from_chars(name.data(), name.data() + name.size(), found.pid);
        if (failed != std::errc{} || rest != name.data() + name.size() ||
            !holds(at->path(), inodes)) {
            continue;
        }
        found.name = read_file(at->path() / "comm");
        found.name.erase(std::min(found.name.find('\n'), found.name.size()));
        return found;
    }
    return std::nullopt;
}

} // namespace tandem::io::http
