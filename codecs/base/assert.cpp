#include "codecs/base/assert.hpp"

#include <cstdio>

namespace tandem {

void assertion_failed(char const* expression, char const* file, int line) noexcept {
    std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expression);
    __builtin_trap();
}

} // namespace tandem
