#pragma once
// What is met in a stream's topic and is none of it, unchanged into a topic of its own, where a person can look at it.

#include "engine/core/dead_letter.hpp"
#include "engine/core/line_budget.hpp"
#include "engine/core/recent_numbers.hpp"
#include "engine/core/retry_policy.hpp"
#include "engine/core/stats.hpp"
#include "engine/flow/failure.hpp"
#include "engine/flow/kafka_setup.hpp"
#include "io/kafka/consumer.hpp"
#include "io/kafka/producer.hpp"
#include "io/runtime/awaitable.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace tandem::engine {

// One per direction, from one start of its stream to the next: what was put aside once is known when the log is read
// again, as far back as memory goes. Nothing waits for it: what finds no room, or no topic, is counted as lost.
class dead_letters {
public:
    dead_letters(kafka_setup kafka, direction_stats& stats);
    ~dead_letters();

    // Takes a copy of the record and says so in the log. Never waits.
    void put(io::kafka::fetched_record const& record, letter_cause cause, std::string message);
    // In the log alone: so many lines, and then how many more there were.
    void say(io::kafka::fetched_record const& record, std::string_view message);

    // Writes them, until it is cancelled.
    [[nodiscard]] io::awaitable<failure> run();
    // Behind run(), when no other start may follow: what is still to be written, for 30 s, or for 2 s more once `stop`
    // says so.
    [[nodiscard]] io::awaitable<void> finish(std::function<bool()> stop);
    // Behind run(), when another start follows: it writes what is left.
    void interrupt();

private:
    struct letter;
    using clock = std::chrono::steady_clock;

    [[nodiscard]] io::awaitable<failure> write_all();
    [[nodiscard]] io::awaitable<void> write_some();
    [[nodiscard]] io::awaitable<outcome_of<void>> open();
    void queue();
    void settle();
    void producer_failed(io::kafka::error const& why);
    void trouble(std::string_view what);
    void say_left_out();

    kafka_setup const kafka_;
    direction_stats& stats_;
    std::string const topic_;
    recent_numbers seen_;
    line_budget lines_;
    line_budget trouble_lines_;
    backoff pause_;
    clock::time_point not_before_{};
    std::deque<std::unique_ptr<letter>> letters_;
    std::size_t bytes_ = 0; // of letters_
    std::size_t at_once_;   // letters on their way; 1 after some were refused, to find out which
    std::unique_ptr<io::kafka::producer> producer_; // destroyed before what it was given
};

} // namespace tandem::engine
