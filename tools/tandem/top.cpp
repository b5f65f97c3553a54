// top: the console's Flow page in a terminal.

#include "engine/admin/failure.hpp"
#include "engine/config/error.hpp"
#include "tools/tandem/command.hpp"
#include "tools/tandem/flow_screen.hpp"
#include "tools/tandem/http_ask.hpp"

#include <fmt/format.h>
#include <termios.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

namespace tandem::tool {
namespace {

constexpr int interval_ms = 1'000;
volatile std::sig_atomic_t top_ended = 0;

void end_top(int) {
    top_ended = 1;
}

// The terminal as top needs it, and as it was before.
class terminal_mode {
public:
    terminal_mode() {
        tcgetattr(STDIN_FILENO, &before_);
        termios raw = before_;
        raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
        tcsetattr(STDIN_FILENO, TCSANOW, &raw);
        std::fputs("\x1b[?1049h\x1b[?25l", stdout); // its own screen, no cursor
    }
    ~terminal_mode() {
        std::fputs("\x1b[?25h\x1b[?1049l", stdout);
        std::fflush(stdout);
        tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    }
    terminal_mode(terminal_mode const&) = delete;
    terminal_mode& operator=(terminal_mode const&) = delete;

private:
    termios before_{};
};

struct screen_size {
    std::size_t columns = 80;
    std::size_t lines = 24;
};
screen_size size_now() {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
        return {};
    }
    return {size.ws_col, size.ws_row};
}

// True: it was asked to end. Waits for the rest of the interval otherwise.
bool asked_to_end() {
    pollfd keys{STDIN_FILENO, POLLIN, 0};
    if (poll(&keys, 1, interval_ms) <= 0) {
        return top_ended != 0;
    }
    std::array<char, 64> keys_read{};
    auto const got = read(STDIN_FILENO, keys_read.data(), keys_read.size());
    std::string_view const pressed{keys_read.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
    // What begins with an escape and goes on is another key: an arrow.
    return got <= 0 || pressed == "\x1b" ||
           (pressed.front() != '\x1b' && pressed.find_first_of("qQ") != std::string_view::npos) ||
           top_ended != 0;
}

} // namespace

int top(call const& now) {
    if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) {
        throw engine::config_error{
            "top needs a terminal; elsewhere use `tandem status -w` or `tandem status --json`"};
    }
    bool const color = now.set.color != "never" && std::getenv("NO_COLOR") == nullptr;
    flow_screen screen{now.url, color};
    auto answer = http_ask(now, {.path = "/api/v1/status"}); // who is not there is said at once
    terminal_mode const mode;
    std::signal(SIGINT, end_top);
    std::signal(SIGTERM, end_top);
    for (bool ended = false; !ended; ended = asked_to_end()) {
        std::string text;
        auto const size = size_now();
        try {
            answer = http_ask(now, {.path = "/api/v1/status"});
            text = screen.draw(answer.body, size.columns);
        } catch (engine::command_failed const& gone) {
            text = screen.draw_gone(gone.what(), size.columns);
        }
        text = fitted(text, size.columns, size.lines);
        fmt::print("\x1b[H{}\x1b[J", text);
        std::fflush(stdout);
    }
    return engine::exit_status::ok;
}

} // namespace tandem::tool
