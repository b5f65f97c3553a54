#pragma once
// Which field of an event's fixed parts comes next.

#include "codecs/event/expected_name.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::event {

// Fields of the envelope and its source block that mean something; the others are passed over.
enum class meaning : std::uint8_t {
    other,
    before,
    after,
    source,
    op,
    version,
    connector,
    name,
    snapshot,
    database,
    schema,
    table,
    origin,
    time_us,
    time_ms,
    transaction,
    position,
    origin_position,
    sequence,
    order, // the block `transaction`
    id,
    total_order,
    collection_order,
    message,
    prefix,
    content,
    status,
    event_count,
    collections,
    collection,
};

struct meaning_of {
    std::string_view name;
    meaning what;
};
inline constexpr meaning_of envelope_fields[] = {{"before", meaning::before},
                                                 {"after", meaning::after},
                                                 {"source", meaning::source},
                                                 {"op", meaning::op},
                                                 {"transaction", meaning::order},
                                                 {"message", meaning::message},
                                                 {"status", meaning::status},
                                                 {"id", meaning::id},
                                                 {"event_count", meaning::event_count},
                                                 {"data_collections", meaning::collections},
                                                 {"ts_ms", meaning::time_ms}};
inline constexpr meaning_of order_fields[] = {{"id", meaning::id},
                                              {"total_order", meaning::total_order},
                                              {"data_collection_order", meaning::collection_order}};
inline constexpr meaning_of message_fields[] = {{"prefix", meaning::prefix},
                                                {"content", meaning::content}};
inline constexpr meaning_of collection_fields[] = {{"data_collection", meaning::collection},
                                                   {"event_count", meaning::event_count}};
inline constexpr meaning_of source_fields[] = {
    {"version", meaning::version},   {"connector", meaning::connector},
    {"name", meaning::name},         {"snapshot", meaning::snapshot},
    {"db", meaning::database},       {"schema", meaning::schema},
    {"table", meaning::table},       {"origin", meaning::origin},
    {"ts_us", meaning::time_us},     {"ts_ms", meaning::time_ms},
    {"txId", meaning::transaction},  {"lsn", meaning::position},
    {"sequence", meaning::sequence}, {"origin_lsn", meaning::origin_position}};

// The fields of one kind of object in the order in which they came last: a writer keeps its order, so that
// the next one is nearly always the expected one.
class field_order {
public:
    explicit field_order(std::span<meaning_of const> known) noexcept : known_{known} {}

    void rewind() noexcept { at_ = 0; }

    // Whether the expected field begins at `at`, with its value two tokens on; `limit` is the end of what may be
    // read. Then next() gives its meaning.
    [[nodiscard]] bool stands(char const* at, char const* limit) const noexcept {
        return at_ < order_.size() && order_[at_].name.stands(at, limit);
    }
    meaning next() noexcept { return order_[at_++].what; }

    // The meaning of another field, which is expected here from now on.
    meaning find(std::string_view name) {
        for (std::size_t index = 0; index < order_.size(); ++index) {
            if (order_[index].name.text() == name) {
                at_ = index + 1;
                return order_[index].what;
            }
        }
        auto const found =
            std::find_if(known_.begin(), known_.end(),
                         [name](meaning_of const& each) { return each.name == name; });
        meaning const what = found == known_.end() ? meaning::other : found->what;
        others_ += what == meaning::other ? 1 : 0;
        if (what != meaning::other || others_ <= others_most) {
            at_ = std::min(at_, order_.size());
            order_.insert(order_.begin() + static_cast<std::ptrdiff_t>(at_),
                          {expected_name{std::string{name}}, what});
            ++at_;
        }
        return what;
    }

private:
    struct place {
        expected_name name;
        meaning what = meaning::other;
    };

    static constexpr std::size_t others_most = 32; // fields of no meaning that are expected

    std::span<meaning_of const> known_;
    std::vector<place> order_;
    std::size_t others_ = 0; // of no meaning, met for the first time
    std::size_t at_ = 0;
};

// Which of them an object has had: none may stand twice. Those of no meaning may.
class meanings_seen {
public:
    // False for one that was there before.
    bool first(meaning what) noexcept {
        std::uint32_t const bit = what == meaning::other ? 0U : 1U << static_cast<unsigned>(what);
        bool const again = (seen_ & bit) != 0;
        seen_ |= bit;
        return !again;
    }

    friend bool operator==(meanings_seen const&, meanings_seen const&) = default;

private:
    std::uint32_t seen_ = 0;
};

} // namespace tandem::event
