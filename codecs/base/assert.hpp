#pragma once
// TANDEM_ASSERT guards our own invariants and stays on in release: it prints the place and traps.
// TANDEM_ASSUME is for hot loops: an assertion in debug builds, a hint to the optimiser otherwise.
// Neither is ever used on input from outside: that gets an error.

namespace tandem {
[[noreturn]] void assertion_failed(char const* expression, char const* file, int line) noexcept;
}

#define TANDEM_ASSERT(expression)                                                                  \
    (static_cast<bool>(expression) ? static_cast<void>(0)                                          \
                                   : ::tandem::assertion_failed(#expression, __FILE__, __LINE__))

#ifdef NDEBUG
#define TANDEM_ASSUME(expression)                                                                  \
    (static_cast<bool>(expression) ? static_cast<void>(0) : __builtin_unreachable())
#else
#define TANDEM_ASSUME(expression) TANDEM_ASSERT(expression)
#endif
