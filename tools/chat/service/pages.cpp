#include "tools/chat/service/pages.hpp"

// TANDEM_CHAT_FILES is the folder tools/chat; CMake compiles this again when one of the files has changed.
#define TANDEM_CHAT_FILE(name, path)                                                               \
    __asm__(".pushsection .rodata\n"                                                               \
            "chat_" #name "_begin:\n"                                                              \
            ".incbin \"" TANDEM_CHAT_FILES "/" path "\"\n"                                         \
            "chat_" #name "_end:\n"                                                                \
            ".popsection\n");                                                                      \
    extern "C" {                                                                                   \
    extern char const chat_##name##_begin[];                                                       \
    extern char const chat_##name##_end[];                                                         \
    }

TANDEM_CHAT_FILE(index, "web/index.html")
TANDEM_CHAT_FILE(script, "web/chat.js")
TANDEM_CHAT_FILE(style, "web/chat.css")
TANDEM_CHAT_FILE(icon, "web/favicon.svg")
TANDEM_CHAT_FILE(schema, "schema.sql")

namespace tandem::chat {
namespace {

std::string_view between(char const* begin, char const* end) noexcept {
    return {begin, static_cast<std::size_t>(end - begin)};
}

} // namespace

std::string_view index_page() noexcept {
    return between(chat_index_begin, chat_index_end);
}
std::string_view chat_script() noexcept {
    return between(chat_script_begin, chat_script_end);
}
std::string_view chat_style() noexcept {
    return between(chat_style_begin, chat_style_end);
}
std::string_view chat_icon() noexcept {
    return between(chat_icon_begin, chat_icon_end);
}
std::string_view schema_script() noexcept {
    return between(chat_schema_begin, chat_schema_end);
}

} // namespace tandem::chat
