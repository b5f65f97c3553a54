#pragma once
// How far a long command is: over one line of a terminal, else a line every five seconds. To stderr; nothing with --quiet.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <string>

namespace tandem::tool {

class progress_line {
public:
    // `io` runs the command and outlives the line; `text`: what is to be said now; empty: nothing yet.
    progress_line(boost::asio::io_context& io, bool quiet, std::function<std::string()> text);
    ~progress_line() { wipe(); }
    progress_line(progress_line const&) = delete;
    progress_line& operator=(progress_line const&) = delete;

    // Before other lines go to the terminal.
    void wipe();

    [[nodiscard]] double seconds() const; // since it began
    // "[#########...........] 45 %, 12 s left"; without a terminal no picture. `part`: 0 to 1; `began`: seconds() then.
    [[nodiscard]] std::string bar(double part, double began = 0) const;

private:
    using clock = std::chrono::steady_clock;
    void show_later();

    std::function<std::string()> text_;
    bool terminal_;
    bool there_ = false;
    clock::time_point began_ = clock::now();
    boost::asio::steady_timer timer_;
};

} // namespace tandem::tool
