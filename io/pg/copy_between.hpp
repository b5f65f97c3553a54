#pragma once
// Rows from one server to another by COPY, without a place in between.

#include "io/pg/connection.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace tandem::io::pg {

struct copied {
    long long rows = 0; // as the receiving server counts them
    std::uint64_t bytes = 0;
};

// `out` is a COPY ... TO STDOUT on `from`, `in` a COPY ... FROM STDIN of the same form on `to`. An error of either is the
// answer, after both commands have ended: the receiving transaction has failed then and has to be rolled back.
// `progress` is told the bytes so far, every now and then.
[[nodiscard]] awaitable<result<copied>> copy_between(
    connection& from, std::string out, connection& to, std::string in,
    std::function<void(std::uint64_t)> progress = {});

} // namespace tandem::io::pg
