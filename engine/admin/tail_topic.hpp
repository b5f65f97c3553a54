#pragma once
// `topic tail`: some records of a topic. Failures are thrown: see failure.hpp.

#include "engine/admin/topic_place.hpp"
#include "engine/admin/topic_record.hpp"
#include "engine/config/options.hpp"
#include "io/runtime/awaitable.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace tandem::engine {

struct tail_request {
    std::string topic;
    topic_place from;
    std::optional<std::int32_t> partition; // none: all of them
    std::optional<std::uint64_t>
        count;       // records shown at most; none: 10, or all with topic_place::last; 0: all
    std::string key; // see topic_search
    std::string pattern;
};

struct tail_progress {
    std::uint64_t shown = 0;
    std::uint64_t read = 0;
    std::uint64_t all = 0; // that there are to be read at most
    bool searching = false;
};

struct tail_listener {
    std::function<void(topic_record const&)> record;
    std::function<void(std::string const&)> remark;
    std::function<void()> progress; // now and then
};

// The logs as they are when it begins. `so_far` is the caller's, and right whenever `tell` is called.
[[nodiscard]] io::awaitable<void> tail_topic(io::asio::any_io_executor executor, options set,
                                             tail_request wanted, tail_listener tell,
                                             tail_progress& so_far);

} // namespace tandem::engine
