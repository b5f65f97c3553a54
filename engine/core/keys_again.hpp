#pragma once
// The keys of what a source sends again and what is to be verified then (R9): of each key only what was sent of it last, since
// that is the version which may stand there. Others it is not known by whom.

#include "codecs/base/lsn.hpp"
#include "engine/core/key_set.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::engine {

class keys_again {
public:
    // What was written by those who had seen so much, or what cannot be told from it.
    struct part {
        lsn seen;
        std::vector<key_set> tables;
    };
    using alike = std::function<bool(lsn, lsn)>;

    explicit keys_again(bool binary) noexcept : binary_{binary} {}

    // In the order of the stream. `seen`: see transaction_header.
    void add(std::string_view key, table_plan const& plan, pg_time v, lsn seen);
    [[nodiscard]] bool empty() const noexcept { return last_.empty(); }
    // All there is, by what was seen; empty again.
    [[nodiscard]] std::vector<part> take(alike const& judged);

private:
    struct sent {
        std::shared_ptr<key_shape const> shape;
        pg_time v;
        lsn seen;
    };

    bool binary_;
    std::map<std::uint32_t, std::shared_ptr<key_shape const>> shapes_; // by plan number
    boost::unordered_flat_map<std::string, sent> last_;                // by table and key
};

} // namespace tandem::engine
