#include "tools/tandem/progress_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <unistd.h>
#include <utility>

namespace tandem::tool {

progress_line::progress_line(boost::asio::io_context& io, bool quiet,
                             std::function<std::string()> text)
    : text_{std::move(text)}, terminal_{isatty(STDERR_FILENO) != 0}, timer_{io} {
    if (!quiet) {
        show_later();
    }
}

void progress_line::show_later() {
    timer_.expires_after(std::chrono::milliseconds{terminal_ ? 200 : 5'000});
    timer_.async_wait([this](boost::system::error_code cancelled) {
        if (cancelled) {
            return; // the line may be gone
        }
        if (auto const text = text_(); !text.empty()) {
            fmt::print(stderr, "{}{}{}", terminal_ ? "\r\x1b[K" : "", text, terminal_ ? "" : "\n");
            there_ = terminal_;
        }
        show_later();
    });
}

void progress_line::wipe() {
    if (std::exchange(there_, false)) {
        fmt::print(stderr, "\r\x1b[K");
    }
}

double progress_line::seconds() const {
    return std::chrono::duration<double>{clock::now() - began_}.count();
}

std::string progress_line::bar(double part, double began) const {
    constexpr int marks = 20;
    constexpr double tells_from = 0.02; // below, what is left is a guess
    part = std::clamp(part, 0.0, 1.0);
    auto const full = static_cast<int>(part * marks);
    auto const drawn =
        terminal_ ? fmt::format("[{:#>{}}{:.>{}}] ", "", full, "", marks - full) : std::string{};
    auto const left = part < tells_from || part >= 1
                          ? std::string{}
                          : fmt::format(", {:.0f} s left", (seconds() - began) * (1 - part) / part);
    return fmt::format("{}{:.0f} %{}", drawn, part * 100, left);
}

} // namespace tandem::tool
