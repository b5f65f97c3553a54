#pragma once
// Whether an instance that serves a node still lives, as the one that stands by sees it. Pure.

#include <chrono>
#include <string>
#include <string_view>

namespace tandem::engine {

class lease_watch {
public:
    using clock = std::chrono::steady_clock;

    explicit lease_watch(clock::duration patience) noexcept : patience_{patience} {}

    // `sign`: what the holder changes as long as it lives (its session, and when that asked last);
    // empty: nobody can see it, so nothing is concluded.
    enum class verdict { unclear, alive, silent };
    verdict seen(std::string_view sign, clock::time_point now) {
        if (sign.empty()) {
            sign_.clear();
            return verdict::unclear;
        }
        if (sign != sign_) {
            bool const first = sign_.empty();
            sign_ = sign;
            since_ = now;
            return first ? verdict::unclear : verdict::alive;
        }
        return now - since_ >= patience_ ? verdict::silent : verdict::unclear;
    }
    void forget() noexcept { sign_.clear(); }

private:
    clock::duration const patience_;
    std::string sign_;
    clock::time_point since_{};
};

} // namespace tandem::engine
