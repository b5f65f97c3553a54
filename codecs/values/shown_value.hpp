#pragma once
// A value that came in the server's binary form, as text for people: what the server would print, for the built-in types
// that are sent so.

#include "codecs/values/send_form.hpp"

#include <string>
#include <string_view>

namespace tandem::values {

// Appends it. False, and nothing appended: bytes that are no value of that form, or send_form::none.
[[nodiscard]] bool append_shown(send_form form, std::string_view bytes, std::string& to);

} // namespace tandem::values
