#pragma once
// What statements are sent with.

#include "codecs/values/array_builder.hpp"
#include "io/pg/pipeline_session.hpp"

#include <string>

namespace tandem::engine {

// Views: what they are made of outlives the sending.
[[nodiscard]] inline io::pg::param text_param(std::string const& value) {
    return {value.c_str(), 0, false};
}

[[nodiscard]] inline io::pg::param array_param(values::array_builder& array) {
    auto const bytes = array.finish();
    return {bytes.data(), static_cast<int>(bytes.size()), true};
}

} // namespace tandem::engine
