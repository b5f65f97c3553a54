#pragma once
// Files that are part of the program.

#include <string_view>

namespace tandem::chat {

[[nodiscard]] std::string_view index_page() noexcept;
[[nodiscard]] std::string_view chat_script() noexcept;
[[nodiscard]] std::string_view chat_style() noexcept;
[[nodiscard]] std::string_view chat_icon() noexcept;
// tools/chat/schema.sql
[[nodiscard]] std::string_view schema_script() noexcept;

} // namespace tandem::chat
