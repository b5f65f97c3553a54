#pragma once
// Counts every allocation of the program it is included in, malloc and operator new alike.
//
// It defines malloc itself (glibc forwards operator new to it), so: one file per program includes
// it, and never a sanitizer's build.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" {
void* __libc_malloc(std::size_t size);                    // NOLINT: glibc's names
void* __libc_calloc(std::size_t count, std::size_t size); // NOLINT
void* __libc_realloc(void* held, std::size_t size);       // NOLINT
}

namespace tandem::perf {

inline std::atomic<std::uint64_t> allocations{0};

[[nodiscard]] inline std::uint64_t allocations_so_far() noexcept {
    return allocations.load(std::memory_order_relaxed);
}

// Whether the counter sees both ways to allocate; without that "none" would be no answer.
[[nodiscard]] bool heap_is_counted();

} // namespace tandem::perf

extern "C" {

void* malloc(std::size_t size) {
    tandem::perf::allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) {
    tandem::perf::allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_calloc(count, size);
}

void* realloc(void* held, std::size_t size) {
    tandem::perf::allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_realloc(held, size);
}

} // extern "C"

inline bool tandem::perf::heap_is_counted() {
    std::uint64_t const before = allocations_so_far();
    auto* volatile object = new char{'x'};
    void* volatile block = std::malloc(1);
    std::uint64_t const counted = allocations_so_far() - before;
    delete object;
    std::free(block);
    return counted == 2;
}
