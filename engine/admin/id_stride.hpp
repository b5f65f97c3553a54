#pragma once
// Numbers that two masters can give without meeting (R18): sequences count in steps so wide that each node has a place in
// them. Pure; engine/admin/stride_sequences.hpp carries it out.

#include <boost/system/result.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tandem::engine {

// So many nodes can have numbers of their own.
inline constexpr std::int64_t stride_places = 16;

// A sequence on one node, and what is in use there.
struct counted_sequence {
    std::int64_t increment = 1;
    std::int64_t maximum = 0;
    bool cycles = false;
    std::int64_t greatest = 0; // that it has given or that is in its columns
    int rank = 0;              // of the node
};

struct stride {
    std::int64_t increment = 0;
    std::vector<std::int64_t> starts; // above what is in use on any node; by node
    std::int64_t left = 0;            // numbers that the last of them still has, at least
};

// Of the sequences of one name. One that counts in wide steps already is taken with its narrow step, so that what was half
// done is done again. The error says why it cannot be, with what to do.
[[nodiscard]] boost::system::result<stride, std::string> stride_for(
    std::span<counted_sequence const> of);

} // namespace tandem::engine
