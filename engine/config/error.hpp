#pragma once
// What is wrong with flags, environment or configuration file: exit status 2.

#include <stdexcept>

namespace tandem::engine {

// what() is one or more lines for the user: where, the cause, the cure. Thrown at start-up only.
struct config_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

} // namespace tandem::engine
