#pragma once
// How an instance is, as named checks, each with what to do. Pure.

#include "engine/admin/status_view.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::console {

enum class check_level : std::uint8_t { well, warning, bad };
[[nodiscard]] std::string_view to_string(check_level level) noexcept;

struct health_check {
    std::string name; // "a to b: streaming"
    check_level level = check_level::well;
    std::string says;
    std::string cure; // empty while all is well
};

[[nodiscard]] std::vector<health_check> health_of(engine::status_view const& seen);
// [{"name","level","says","cure"}]
[[nodiscard]] std::string health_json(std::vector<health_check> const& checks);

} // namespace tandem::console
