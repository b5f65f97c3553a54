#pragma once
// Transactions that the source sends in blocks while they are open, kept aside in files until they end: what
// is rolled back never leaves, and memory does not grow with them.
// Protocol: https://www.postgresql.org/docs/current/protocol-logical-replication.html

#include "codecs/pgoutput/decoder.hpp"
#include "engine/core/stats.hpp"
#include "io/file/spool.hpp"

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tandem::engine {

// What a file holds, counted for as long as it is there.
class held_bytes {
public:
    explicit held_bytes(counter& total) noexcept : total_{&total} {}
    ~held_bytes() { set(0); }
    held_bytes(held_bytes&& other) noexcept
        : total_{other.total_}, bytes_{std::exchange(other.bytes_, 0)} {}
    held_bytes& operator=(held_bytes&&) = delete;

    void set(std::uint64_t bytes) noexcept {
        total_->fetch_add(bytes - bytes_, std::memory_order_relaxed);
        bytes_ = bytes;
    }

private:
    counter* total_;
    std::uint64_t bytes_ = 0;
};

struct streamed_transaction {
    held_bytes held;
    std::optional<io::spool> messages;                    // of all its blocks, as they came
    std::string opening;                                  // its first message, until the second
    boost::unordered_flat_set<std::uint32_t> rolled_back; // subtransactions
    std::string origin;                                   // name of its replication origin, if any
    bool echo = false;         // came here by us (R16): nothing is kept, and no file made
    std::uint32_t changes = 0; // of an echo
};

// Of one stream. `held` follows the bytes that lie in files.
class streamed_transactions {
public:
    streamed_transactions(std::string folder, counter& held);
    streamed_transactions(streamed_transactions const&) = delete;
    streamed_transactions& operator=(streamed_transactions const&) = delete;

    // A message from S to E, both included, that belongs to the transaction's block.
    [[nodiscard]] io::file_result<void> keep(xid transaction, pgoutput::message const& decoded,
                                             std::string_view bytes);
    void abort(pgoutput::stream_abort const& made);
    // What came of a transaction that has committed. The decoder has seen to it that it is known.
    [[nodiscard]] streamed_transaction take(xid transaction);

private:
    std::string folder_;
    counter& held_;
    boost::unordered_flat_map<std::uint32_t, streamed_transaction> open_;
};

// The changes of a committed one, in order, without those of its aborted subtransactions.
class streamed_replay {
public:
    // `known`: the stream's decoder, for the shapes it knows.
    streamed_replay(streamed_transaction from, pgoutput::decoder const& known);

    struct item {
        std::optional<pgoutput::message> message; // none: it was rolled back
        std::size_t size = 0;
        bool end = false; // that was all
    };
    // Views live until the following call. Error: the file's.
    [[nodiscard]] io::file_result<item> next();
    // Knows the relation of the message that next() returned last.
    [[nodiscard]] pgoutput::decoder const& decoder() const noexcept { return decoder_; }
    [[nodiscard]] pgoutput::decoder& decoder() noexcept { return decoder_; }

private:
    streamed_transaction from_;
    pgoutput::decoder decoder_;
    bool rewound_ = false;
};

} // namespace tandem::engine
