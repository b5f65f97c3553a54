#include "perf/harness/masters.hpp"

#include "perf/harness/clock.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <cstdlib>
#include <fstream>
#include <netinet/in.h>
#include <signal.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace tandem::perf {

namespace fs = std::filesystem;

namespace {

constexpr double start_seconds = 60;
constexpr auto server_folder = "/usr/lib/postgresql";
constexpr auto wanted_major = "15";

// The parent of our backend, when that runs here.
pid_t postmaster_of(session const& own) {
    fs::path const backend = fmt::format("/proc/{}", own.backend());
    std::ifstream stat(backend / "stat");
    std::ifstream command(backend / "cmdline");
    std::string line;
    std::string title;
    std::getline(stat, line);
    std::getline(command, title);
    auto const close = line.rfind(')');
    if (close == line.npos || !title.starts_with("postgres: ")) {
        return 0;
    }
    return static_cast<pid_t>(std::stol(line.substr(close + 4)));
}

fs::path own_folder(fs::path const& folder, account const& owner, fs::perms mode) {
    fs::create_directories(folder);
    if (owner.other && chown(folder.c_str(), owner.user, owner.group) != 0) {
        throw std::runtime_error(fmt::format("chown {}", folder.string()));
    }
    fs::permissions(folder, mode);
    return folder;
}

std::vector<std::string> compose_words(std::string const& project,
                                       std::vector<std::string> const& command) {
    std::vector<std::string> words{"podman-compose"};
    if (char const* const named = std::getenv("TANDEM_PERF_COMPOSE")) {
        words = {named};
    } else if (fs::exists("/usr/bin/docker") || fs::exists("/usr/local/bin/docker")) {
        words = {"docker", "compose"};
    }
    words.insert(words.end(), {"-p", project, "-f", TANDEM_PERF_FILES "/harness/compose.yaml"});
    words.insert(words.end(), command.begin(), command.end());
    return words;
}

} // namespace

// Two containers; they and their data are gone with it.
class composed {
public:
    explicit composed(std::array<int, 2> const& ports) {
        setenv("MASTER_A_PORT", std::to_string(ports[0]).c_str(), 1);
        setenv("MASTER_B_PORT", std::to_string(ports[1]).c_str(), 1);
        try {
            run_program(compose_words(project_, {"up", "-d"}));
        } catch (std::runtime_error const& failure) {
            remove();
            throw missing_environment(
                fmt::format("masters in containers need docker compose or podman-compose (or "
                            "TANDEM_PERF_COMPOSE): {}",
                            failure.what()));
        }
    }
    composed(composed const&) = delete;
    composed& operator=(composed const&) = delete;
    ~composed() { remove(); }

private:
    void remove() noexcept {
        try {
            run_program(compose_words(project_, {"down", "-v", "-t", "5"}));
        } catch (std::exception const& failure) {
            say(failure.what());
        }
    }

    std::string const project_ = fmt::format("tandem-perf-{}", getpid());
};

fs::path server_programs() {
    if (char const* const named = std::getenv("TANDEM_PERF_PG_BIN")) {
        return named;
    }
    fs::path const found = fs::path(server_folder) / wanted_major / "bin";
    if (!fs::exists(found / "postgres")) {
        throw missing_environment("no PostgreSQL 15 here: apt-get install postgresql-15");
    }
    return found;
}

int free_port() {
    int const probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    bool const there = bind(probe, plain, size) == 0 && getsockname(probe, plain, &size) == 0;
    close(probe);
    if (!there) {
        throw missing_environment("no free port on 127.0.0.1");
    }
    return ntohs(address.sin_port);
}

masters::masters(masters_wanted const& wanted)
    : made_(wanted.given[0].empty() && !wanted.containers), uri_(wanted.given) {
    if (made_) {
        make(wanted);
    }
    if (wanted.containers) {
        compose();
    }
    for (int const node : {node_a, node_b}) {
        check(node);
    }
}

void masters::check(int node) {
    session own(uri(node, "postgres"));
    if (composed_ == nullptr) { // process ids are those of a container's own
        postmaster_[static_cast<std::size_t>(node)] = postmaster_of(own);
    }
    version_ = PQserverVersion(own.raw());
    droppable_ = droppable_ &&
                 own.value("SHOW shared_preload_libraries").find("pglogical") == std::string::npos;
    if (own.value("SHOW wal_level") != "logical") {
        throw missing_environment(
            fmt::format("master {}: wal_level is not logical", node_name(node)));
    }
    if (own.value("SHOW track_commit_timestamp") != "on") {
        throw missing_environment(
            fmt::format("master {}: track_commit_timestamp is off", node_name(node)));
    }
}

void masters::compose() {
    for (auto& port : port_) {
        port = free_port();
    }
    composed_ = std::make_unique<composed>(port_);
    for (int const node : {node_a, node_b}) {
        auto const at = static_cast<std::size_t>(node);
        uri_[at] = fmt::format("postgres://postgres:password@127.0.0.1:{}/postgres", port_[at]);
        wait_for(fmt::format("master {} in its container", node_name(node)), start_seconds,
                 [&] { return PQping(uri_[at].c_str()) == PQPING_OK; });
    }
}

void masters::make(masters_wanted const& wanted) {
    folder_ = wanted.folder / fmt::format("masters-{}", getpid());
    std::string sockets = "/tmp/tandem-perf-XXXXXX"; // a socket's path is at most 107 bytes long
    if (mkdtemp(sockets.data()) == nullptr) {
        throw std::runtime_error("mkdtemp " + sockets);
    }
    sockets_ = sockets;
    account const owner = server_account();
    own_folder(sockets_, owner, fs::perms(0755));
    own_folder(folder_, owner, fs::perms(0755));
    auto const programs = server_programs();
    std::ifstream settings(TANDEM_PERF_FILES "/harness/masters.conf");
    std::string const common((std::istreambuf_iterator<char>(settings)), {});
    if (common.empty()) {
        throw missing_environment(TANDEM_PERF_FILES "/harness/masters.conf is not there");
    }
    for (int const node : {node_a, node_b}) {
        auto const at = static_cast<std::size_t>(node);
        auto const data = folder_ / std::string(1, node_name(node));
        port_[at] = free_port();
        own_folder(data, owner, fs::perms(0700));
        run_program({programs / "initdb", "-D", data, "-U", "postgres", "-E", "UTF8",
                     "--locale=C.UTF-8", "--auth=trust", "--no-sync"},
                    owner);
        std::ofstream conf(data / "postgresql.conf", std::ios::app);
        conf << common
             << fmt::format("port = {}\nunix_socket_directories = '{}'\n", port_[at],
                            sockets_.string());
        for (auto const& line : wanted.settings) {
            conf << line << '\n';
        }
        conf.close();
        uri_[at] = wanted.tcp ? tcp_uri(node, "postgres")
                              : fmt::format("postgres://postgres@/postgres?host={}&port={}",
                                            sockets_.string(), port_[at]);
        start(node, programs);
    }
}

void masters::start(int node, fs::path const& programs) {
    auto const at = static_cast<std::size_t>(node);
    auto const name = std::string(1, node_name(node));
    auto const log = folder_ / (name + ".log");
    server_[at] =
        child({programs / "postgres", "-D", folder_ / name}, {server_account(), log, false});
    wait_for(fmt::format("master {} (its log is {})", name, log.string()), start_seconds, [&] {
        if (!server_[at].running()) {
            std::ifstream said(log);
            throw missing_environment(
                fmt::format("master {} ended: {}", name,
                            std::string((std::istreambuf_iterator<char>(said)), {})));
        }
        return PQping(uri_[at].c_str()) == PQPING_OK;
    });
}

masters::~masters() {
    for (auto& each : server_) {
        try {
            each.stop(SIGINT, start_seconds); // fast shutdown
        } catch (std::exception const& failure) {
            say(failure.what());
        }
    }
    if (made_) {
        std::error_code ignored; // what is left is named after us and below the workspace
        fs::remove_all(folder_, ignored);
        fs::remove_all(sockets_, ignored);
    }
}

std::string masters::uri(int node, std::string const& database) const {
    return with_database(uri_[static_cast<std::size_t>(node)], database);
}

std::string masters::tcp_uri(int node, std::string const& database) const {
    if (!made_) {
        return uri(node, database);
    }
    return fmt::format("postgres://postgres@127.0.0.1:{}/{}", port_[static_cast<std::size_t>(node)],
                       database);
}

void masters::create_database(std::string const& name) {
    for (int const node : {node_a, node_b}) {
        session(uri(node, "postgres")).run("CREATE DATABASE " + name);
    }
}

void masters::drop_database(std::string const& name) {
    for (int const node : {node_a, node_b}) {
        session admin(uri(node, "postgres"));
        if (admin.number("SELECT count(*) FROM pg_database WHERE datname = $1", {name}) == 0) {
            continue;
        }
        admin.rows("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots "
                   "WHERE database = $1 AND active",
                   {name});
        wait_for("slots are free", start_seconds, [&] {
            return admin.number(
                       "SELECT count(*) FROM pg_replication_slots WHERE database = $1 AND active",
                       {name}) == 0;
        });
        admin.rows(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = $1",
            {name});
        if (droppable_) {
            admin.run("DROP DATABASE " + name + " WITH (FORCE)");
        }
    }
}

} // namespace tandem::perf
