#include "engine/config/retune.hpp"

#include "engine/config/error.hpp"
#include "engine/config/load.hpp"
#include "engine/config/settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace tandem::engine {
namespace {

constexpr std::array<std::string_view, 4> tunable{"batch-rows", "batch-bytes", "batch-delay",
                                                  "log-level"};

} // namespace

bool is_tunable(std::string_view setting) noexcept {
    return std::ranges::find(tunable, setting) != tunable.end();
}

options retuned(options set, std::string const& name, std::string const& text) {
    auto const* const found = find_setting(name);
    if (found == nullptr) {
        throw config_error{fmt::format("there is no setting '{}'", name)};
    }
    if (!is_tunable(name)) {
        throw config_error{fmt::format(
            "{} is read at the start only; while the instance runs these can be set: {}", name,
            fmt::join(tunable, ", "))};
    }
    bool const alone = set.batch_rows == 1;
    try {
        found->set(set, text);
    } catch (config_error const& wrong) {
        throw config_error{fmt::format("{}: {}", name, wrong.what())};
    }
    validate_run(set);
    if (alone != (set.batch_rows == 1)) {
        throw config_error{"batch-rows: whether each transaction stays by itself (1) is decided at "
                           "the start"};
    }
    set.told[name] = {{"the console, until the next start", text}};
    return set;
}

} // namespace tandem::engine
