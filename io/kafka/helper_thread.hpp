#pragma once
// One thread for calls that block, made when the first one comes.
//
// Jobs run one after another. The destructor lets those that wait go unrun, and joins after the one
// that runs; a job must end soon when its owner says so.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace tandem::io::kafka {

class helper_thread {
public:
    helper_thread() = default;
    ~helper_thread() {
        {
            std::scoped_lock const held{mutex_};
            stopping_ = true;
        }
        changed_.notify_one();
        if (thread_.joinable()) {
            thread_.join();
        }
    }
    helper_thread(helper_thread const&) = delete;
    helper_thread& operator=(helper_thread const&) = delete;

    // Throws std::system_error when the process may have no further thread.
    void run(std::function<void()> job) {
        {
            std::scoped_lock const held{mutex_};
            jobs_.push_back(std::move(job));
        }
        if (!thread_.joinable()) {
            thread_ = std::thread{[this] { loop(); }};
        }
        changed_.notify_one();
    }

private:
    void loop() {
        std::unique_lock held{mutex_};
        for (;;) {
            changed_.wait(held, [this] { return stopping_ || !jobs_.empty(); });
            if (stopping_) {
                return;
            }
            auto const job = std::move(jobs_.front());
            jobs_.pop_front();
            held.unlock();
            job();
            held.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> jobs_;
    bool stopping_ = false;
    std::thread thread_;
};

} // namespace tandem::io::kafka
