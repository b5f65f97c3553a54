#pragma once
// What admin asks on its helper thread, as librdkafka 2.0.2 only has blocking calls for it.
//
// Made and read on the executor's thread, run on the helper's: before run() and after `done`, which
// orders the two, no member but `abandoned` is touched by both.

#include "io/kafka/admin.hpp"

#include <atomic>

namespace tandem::io::kafka {

struct admin::question {
    using clock = std::chrono::steady_clock;

    virtual ~question() = default;
    // Asks until there is an answer, the limit has passed or nobody waits for it any more.
    void run();

    handle* owner = nullptr; // outlives the thread
    clock::time_point limit;
    std::atomic<bool> abandoned{false};
    std::atomic<bool> done{false};
    std::optional<error> failed;

protected:
    // One try that blocks for not much longer than `slice`; false: `failed` says why.
    [[nodiscard]] virtual bool ask_once(std::chrono::milliseconds slice) = 0;
    // The topic, or all of them, asked afresh; errc::no_topic when it is not there.
    [[nodiscard]] bool refresh(std::optional<std::string> const& only,
                               std::chrono::milliseconds slice, cluster_metadata& into);
};

// The answer is no longer wanted when this goes out of scope.
class question_guard {
public:
    template <class Question>
    explicit question_guard(Question& asked) noexcept : abandoned_{asked.abandoned} {}
    ~question_guard() { abandoned_.store(true, std::memory_order_relaxed); }
    question_guard(question_guard const&) = delete;
    question_guard& operator=(question_guard const&) = delete;

private:
    std::atomic<bool>& abandoned_;
};

struct admin::metadata_question : question {
    std::optional<std::string> only;
    cluster_metadata found;

    bool ask_once(std::chrono::milliseconds slice) override;
};

struct admin::watermarks_question : question {
    std::string topic;
    std::int32_t partition = 0;
    watermarks found;

    bool ask_once(std::chrono::milliseconds slice) override;
};

struct admin::times_question : question {
    std::vector<time_question> wanted;
    std::vector<std::optional<std::int64_t>> found;

    bool ask_once(std::chrono::milliseconds slice) override;
};

} // namespace tandem::io::kafka
