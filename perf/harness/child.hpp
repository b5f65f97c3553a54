// A program that is started here, and is gone when we are.
#pragma once

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace tandem::perf {

// The user PostgreSQL runs as: `postgres` when we are root, else ourselves.
struct account {
    uid_t user;
    gid_t group;
    std::string home;
    bool other; // not who we are
};
[[nodiscard]] account server_account();

struct child_options {
    std::optional<account> as;
    std::string log;   // appended to; "": ours
    bool pipe = false; // its standard input and output are to be had as descriptors
};

class child {
public:
    child() = default;
    child(std::vector<std::string> const& words, child_options const& how);
    child(child&& other) noexcept;
    child& operator=(child&& other) noexcept;
    ~child(); // kills

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] bool running();
    // The exit status once it has ended; 128 and the signal that ended it.
    [[nodiscard]] int status() const { return status_; }
    // The signal, then waits so long; kills and throws std::runtime_error when it stays.
    int stop(int signal, double seconds);
    void kill();
    int wait();

    void write(std::string const& text) const;
    // Up to the next end of line; throws std::runtime_error when it ends before.
    std::string read_line(double seconds);

private:
    void release() noexcept;

    pid_t pid_ = -1;
    int status_ = 0;
    int to_ = -1;
    int from_ = -1;
    std::string name_;
    std::string read_;
};

// Runs to its end; throws std::runtime_error with what it said when that is not 0.
std::string run_program(std::vector<std::string> const& words,
                        std::optional<account> const& as = {});

} // namespace tandem::perf
