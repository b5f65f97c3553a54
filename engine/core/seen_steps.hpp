#pragma once
// How far into the target's WAL the writers of a stream had seen, place by place (R13): a stream that starts again begins
// with what holds where it does, which lies before what was applied.

#include "engine/core/node_deletes.hpp"

#include <deque>
#include <utility>

namespace tandem::engine {

class seen_steps {
public:
    explicit seen_steps(seen_of_target begin) noexcept : behind_{begin} {}

    // By the transaction whose commit stands at that position of the stream; positions only grow. It does not go back: what
    // is sent again tells less than its writers had seen.
    void told(lsn commit, seen_of_target seen) {
        if (seen.position > newest().position) {
            steps_.emplace_back(commit, seen);
        }
    }

    [[nodiscard]] seen_of_target const& newest() const noexcept {
        return steps_.empty() ? behind_ : steps_.back().second;
    }

    // By the writers of what ends behind that position; positions asked for only grow.
    [[nodiscard]] seen_of_target const& behind(lsn position) {
        while (!steps_.empty() && steps_.front().first < position) {
            behind_ = steps_.front().second;
            steps_.pop_front();
        }
        return behind_;
    }

private:
    seen_of_target behind_;
    std::deque<std::pair<lsn, seen_of_target>> steps_;
};

} // namespace tandem::engine
