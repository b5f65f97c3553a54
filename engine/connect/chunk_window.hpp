#pragma once
// The rows of a chunk, but for those that the stream has newer (incremental_snapshot.hpp). Pure.

#include "codecs/base/lsn.hpp"
#include "codecs/pgoutput/relation_cache.hpp"
#include "codecs/pgoutput/tuple.hpp"

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

// Which transactions a moment sees: txid_current_snapshot().
class seen_transactions {
public:
    [[nodiscard]] static std::optional<seen_transactions> parse(std::string_view text);
    [[nodiscard]] bool sees(xid of) const noexcept;

private:
    std::uint32_t end_ = 0; // the first that had not begun; of 64 bits the lower ones
    std::vector<std::uint32_t> running_;
};

// Keys that the stream brought while a chunk is read, and the chunk's rows but for those.
class chunk_window {
public:
    // Before the chunk is asked for: from now on the stream's changes of that table count. `key`: what tells rows apart.
    void open(std::string schema, std::string name, std::vector<std::string> key);
    [[nodiscard]] bool is_open() const noexcept { return open_; }
    [[nodiscard]] bool is_of(pgoutput::relation_shape const& shape) const noexcept {
        return open_ && shape.name == name_ && shape.schema == schema_;
    }
    void changed(pgoutput::relation_shape const& shape, pgoutput::tuple_view row);
    void truncated();
    // The chunk's row as the stream would have it. Afterwards only what it has is remembered.
    void add(pgoutput::relation_shape const& shape, pgoutput::tuple_view row);
    void filled();
    // Something of the table was changed that does not say of which row: the chunk has to be read again.
    [[nodiscard]] bool spoiled() const noexcept { return spoiled_; }
    // Those that nobody changed, in their order; the window is closed.
    [[nodiscard]] std::vector<std::string> close();

private:
    // Bytes that are equal for equal keys; none: the row has not all of it.
    [[nodiscard]] bool key_into(pgoutput::relation_shape const& shape, pgoutput::tuple_view row,
                                std::string& key) const;

    bool open_ = false;
    bool filled_ = false;
    bool spoiled_ = false;
    std::string schema_;
    std::string name_;
    std::vector<std::string> key_columns_;
    boost::unordered_flat_set<std::string> changed_;             // until it is filled
    boost::unordered_flat_map<std::string, std::size_t> places_; // in rows_
    std::vector<std::optional<std::string>> rows_; // a tuple's bytes; none: the stream has it newer
    std::string room_;
};

} // namespace tandem::connect
