#pragma once
// How a command ends when it cannot go on. Commands are one-shot work at start-up, so they throw;
// the exit status travels with the text.

#include "io/kafka/error.hpp"
#include "io/pg/error.hpp"

#include <stdexcept>
#include <string>

namespace tandem::engine {

// The contract of the command line (cli.md).
namespace exit_status {
inline constexpr int ok = 0;
inline constexpr int runtime = 1;
inline constexpr int usage = 2;
inline constexpr int environment = 3;
inline constexpr int check = 4;
} // namespace exit_status

// what() is for the user: cause and cure, without secrets.
class command_failed : public std::runtime_error {
public:
    command_failed(int status, std::string const& what)
        : std::runtime_error{what}, status_{status} {}
    [[nodiscard]] int status() const noexcept { return status_; }

private:
    int status_;
};

// A database error as a command's end: "node a: creating the slot: <message>; <cure>".
[[nodiscard]] command_failed database_failure(std::string const& node, std::string const& doing,
                                              io::pg::error const& error);

// "Kafka: reading topic chat.a: <reason>; <cure>".
[[nodiscard]] command_failed kafka_failure(std::string const& doing, io::kafka::error const& error);

// What a user can do about a database error; empty where only its message helps.
[[nodiscard]] std::string cure_for(io::pg::error const& error);

} // namespace tandem::engine
