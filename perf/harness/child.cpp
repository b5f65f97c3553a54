#include "perf/harness/child.hpp"

#include "perf/harness/clock.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace tandem::perf {

namespace {

struct descriptors {
    int in = -1;
    int out = -1;
    int error = -1;
};

// Between fork and exec: only what is allowed there.
[[noreturn]] void become(std::vector<char*> const& words, child_options const& how,
                         descriptors const& use, pid_t parent) {
    for (int const number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
        signal(number, SIG_DFL);
    }
    setpgid(0, 0); // Ctrl-C is for us; we end it
    if (how.as && how.as->other &&
        (setgroups(0, nullptr) != 0 || setgid(how.as->group) != 0 || setuid(how.as->user) != 0)) {
        _exit(126);
    }
    prctl(PR_SET_PDEATHSIG,
          how.as && how.as->other ? SIGINT : SIGKILL); // after setuid, which clears it
    if (getppid() != parent) {
        _exit(126);
    }
    dup2(use.in, 0);
    dup2(use.out, 1);
    dup2(use.error, 2);
    if (how.as && chdir("/") != 0) {
        _exit(126);
    }
    execvp(words[0], words.data());
    _exit(127);
}

int opened(char const* path, int flags) {
    int const found = open(path, flags | O_CLOEXEC, 0644);
    if (found < 0) {
        throw std::runtime_error(fmt::format("{}: {}", path, std::strerror(errno)));
    }
    return found;
}

void close_if(int& descriptor) {
    if (descriptor >= 0) {
        close(descriptor);
        descriptor = -1;
    }
}

int status_of(int told) {
    return WIFEXITED(told) ? WEXITSTATUS(told) : 128 + WTERMSIG(told);
}

} // namespace

account server_account() {
    if (getuid() != 0) {
        passwd const* const entry = getpwuid(getuid());
        return {getuid(), getgid(), entry == nullptr ? "/" : entry->pw_dir, false};
    }
    passwd const* const entry = getpwnam("postgres");
    if (entry == nullptr) {
        throw missing_environment(
            "PostgreSQL does not run as root and there is no user 'postgres': "
            "apt-get install postgresql-common");
    }
    return {entry->pw_uid, entry->pw_gid, entry->pw_dir, true};
}

child::child(std::vector<std::string> const& words, child_options const& how) : name_(words.at(0)) {
    std::vector<char*> pointers;
    for (auto const& word : words) {
        pointers.push_back(const_cast<char*>(word.c_str()));
    }
    pointers.push_back(nullptr);
    std::array<int, 2> in{-1, -1};
    std::array<int, 2> out{-1, -1};
    if (how.pipe && (pipe2(in.data(), O_CLOEXEC) != 0 || pipe2(out.data(), O_CLOEXEC) != 0)) {
        throw std::runtime_error(fmt::format("pipe: {}", std::strerror(errno)));
    }
    int log = how.log.empty() ? dup(2) : opened(how.log.c_str(), O_WRONLY | O_CREAT | O_APPEND);
    int nothing = opened("/dev/null", O_RDONLY);
    descriptors const use{how.pipe ? in[0] : nothing, how.pipe ? out[1] : log, log};
    pid_t const parent = getpid();
    pid_ = fork();
    if (pid_ == 0) {
        become(pointers, how, use, parent);
    }
    for (int* const each : {&log, &nothing, &in[0], &out[1]}) {
        close_if(*each);
    }
    to_ = in[1];
    from_ = out[0];
    if (pid_ < 0) {
        throw std::runtime_error(fmt::format("{}: {}", name_, std::strerror(errno)));
    }
}

child::child(child&& other) noexcept {
    *this = std::move(other);
}

child& child::operator=(child&& other) noexcept {
    if (this != &other) {
        release();
        pid_ = std::exchange(other.pid_, -1);
        status_ = other.status_;
        to_ = std::exchange(other.to_, -1);
        from_ = std::exchange(other.from_, -1);
        name_ = std::move(other.name_);
        read_ = std::move(other.read_);
    }
    return *this;
}

child::~child() {
    release();
}

void child::release() noexcept {
    kill();
    close_if(to_);
    close_if(from_);
}

bool child::running() {
    if (pid_ < 0) {
        return false;
    }
    int told = 0;
    if (waitpid(pid_, &told, WNOHANG) == 0) {
        return true;
    }
    status_ = status_of(told);
    pid_ = -1;
    return false;
}

int child::stop(int signal, double seconds) {
    if (running()) {
        ::kill(pid_, signal);
        double const until = monotonic_seconds() + seconds;
        while (running()) {
            if (monotonic_seconds() > until) {
                kill();
                throw std::runtime_error(
                    fmt::format("{} not gone {:g} s after its signal", name_, seconds));
            }
            usleep(2000);
        }
    }
    return status_;
}

void child::kill() {
    if (running()) {
        ::kill(pid_, SIGKILL);
        wait();
    }
}

int child::wait() {
    int told = 0;
    while (pid_ >= 0 && waitpid(pid_, &told, 0) < 0 && errno == EINTR) {
        check_interrupted();
    }
    if (pid_ >= 0) {
        status_ = status_of(told);
        pid_ = -1;
    }
    return status_;
}

void child::write(std::string const& text) const {
    if (::write(to_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
        throw std::runtime_error(fmt::format("{} does not listen", name_));
    }
}

std::string child::read_line(double seconds) {
    double const until = monotonic_seconds() + seconds;
    for (;;) {
        if (auto const end = read_.find('\n'); end != read_.npos) {
            std::string line = read_.substr(0, end);
            read_.erase(0, end + 1);
            return line;
        }
        if (monotonic_seconds() > until) {
            throw std::runtime_error(fmt::format("{} says nothing for {:g} s", name_, seconds));
        }
        pollfd readable{from_, POLLIN, 0};
        if (poll(&readable, 1, 100) > 0) {
            std::array<char, 4096> some{};
            ssize_t const got = read(from_, some.data(), some.size());
            if (got <= 0) {
                throw std::runtime_error(fmt::format("{} ended: {}", name_, read_));
            }
            read_.append(some.data(), static_cast<std::size_t>(got));
        }
        check_interrupted();
    }
}

std::string run_program(std::vector<std::string> const& words, std::optional<account> const& as) {
    std::array<char, 32> path{"/tmp/tandem-perf-said-XXXXXX"};
    int said = mkstemp(path.data());
    if (said < 0) {
        throw std::runtime_error(fmt::format("mkstemp: {}", std::strerror(errno)));
    }
    unlink(path.data());
    child program(words, {as, fmt::format("/proc/{}/fd/{}", getpid(), said), false});
    int const status = program.wait();
    std::string text;
    std::array<char, 4096> some{};
    off_t at = 0;
    for (ssize_t got; (got = pread(said, some.data(), some.size(), at)) > 0; at += got) {
        text.append(some.data(), static_cast<std::size_t>(got));
    }
    close_if(said);
    if (status != 0) {
        throw std::runtime_error(fmt::format("{} ended with {}: {}", words[0], status, text));
    }
    return text;
}

} // namespace tandem::perf
