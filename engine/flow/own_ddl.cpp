#include "engine/flow/own_ddl.hpp"

#include <utility>

namespace tandem::engine {

std::vector<ddl::logged> read_own_ddl(io::pg::rows const& got, waiting paused) {
    std::vector<ddl::logged> log;
    for (int row = 0; row < got.size(); ++row) {
        if (paused == waiting::left && got.boolean(row, 2)) {
            continue;
        }
        if (auto read = ddl::read_message(got.text(row, 0))) {
            log.push_back({std::move(*read), got.boolean(row, 1)});
        }
    }
    return log;
}

} // namespace tandem::engine
