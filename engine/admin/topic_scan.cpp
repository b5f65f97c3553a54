#include "engine/admin/topic_scan.hpp"

#include "codecs/base/assert.hpp"

#include <algorithm>
#include <utility>

namespace tandem::engine {

topic_scan::topic_scan(std::vector<log_span> const& logs, limits set) : set_{set} {
    using time = std::numeric_limits<std::int64_t>;
    for (log_span const& each : logs) {
        lane one;
        one.partition = each.partition;
        one.begin = each.begin;
        one.end = each.end;
        one.span = std::clamp<std::int64_t>(set.span, 1, set.span_most);
        one.frontier_ms = set.newest_first ? time::max() : time::min();
        lanes_.push_back(std::move(one));
    }
    std::ranges::sort(lanes_, {}, &lane::partition);
}

topic_scan::lane& topic_scan::of(std::int32_t partition) {
    auto const found = std::ranges::find(lanes_, partition, &lane::partition);
    TANDEM_ASSERT(found != lanes_.end());
    return *found;
}

std::int64_t topic_scan::key_of(lane const& one) const noexcept {
    if (one.found.empty()) {
        return one.frontier_ms;
    }
    return (set_.newest_first ? one.found.back() : one.found.front()).timestamp_ms;
}

topic_scan::lane* topic_scan::next_lane() {
    lane* next = nullptr;
    for (lane& each : lanes_) {
        if (each.found.empty() && each.read_whole()) {
            continue;
        }
        bool const sooner = next != nullptr && (set_.newest_first ? key_of(each) > key_of(*next)
                                                                  : key_of(each) < key_of(*next));
        next = next == nullptr || sooner ? &each : next;
    }
    return next;
}

std::optional<topic_record> topic_scan::take() {
    lane* const next = taken_ < set_.records ? next_lane() : nullptr;
    if (next == nullptr || next->found.empty()) {
        return std::nullopt;
    }
    auto record = std::move(set_.newest_first ? next->found.back() : next->found.front());
    if (set_.newest_first) {
        next->found.pop_back();
    } else {
        next->found.pop_front();
    }
    next->bytes = next->found.empty() ? 0 : next->bytes - std::min(next->bytes, record.bytes());
    ++taken_;
    return record;
}

std::vector<log_span> topic_scan::next_spans() {
    std::vector<log_span> spans;
    if (taken_ >= set_.records) {
        return spans;
    }
    for (lane& each : lanes_) {
        if (!each.found.empty() || each.read_whole()) {
            continue;
        }
        auto const size = std::min(each.span, each.end - each.begin);
        each.span = std::min(each.span * 4, set_.span_most);
        each.edge_ms.reset();
        each.cut.reset();
        auto const begin = set_.newest_first ? each.end - size : each.begin;
        spans.push_back({each.partition, begin, begin + size});
    }
    return spans;
}

void topic_scan::passed(std::int32_t partition, std::int64_t timestamp_ms) {
    lane& one = of(partition);
    if (!one.edge_ms || !set_.newest_first) { // the first one's, or the last one's
        one.edge_ms = timestamp_ms;
    }
}

void topic_scan::found(topic_record record) {
    lane& one = of(record.partition);
    if (!set_.newest_first && one.cut) {
        return; // read again, as all behind it
    }
    one.bytes += record.bytes();
    one.found.push_back(std::move(record));
    drop_what_is_too_much(one);
}

void topic_scan::drop_what_is_too_much(lane& one) {
    auto const share = set_.bytes / lanes_.size();
    auto const left = set_.records - taken_;
    while (one.found.size() > 1 && (one.bytes > share || one.found.size() > left)) {
        auto const& dropped = set_.newest_first ? one.found.front() : one.found.back();
        one.bytes -= std::min(one.bytes, dropped.bytes());
        if (set_.newest_first) {
            one.found.pop_front();
            one.cut = one.found.front().offset;
        } else {
            one.cut = dropped.offset;
            one.found.pop_back();
        }
    }
}

void topic_scan::finish(log_span const& read) {
    lane& one = of(read.partition);
    if (set_.newest_first) {
        one.end = one.cut.value_or(read.begin);
    } else {
        one.begin = one.cut.value_or(read.end);
    }
    if (one.cut) {
        one.span = std::min(one.span, static_cast<std::int64_t>(one.found.size())); // what fits
        one.frontier_ms = (set_.newest_first ? one.found.front() : one.found.back()).timestamp_ms;
    } else if (one.edge_ms) {
        one.frontier_ms = *one.edge_ms;
    }
}

} // namespace tandem::engine
