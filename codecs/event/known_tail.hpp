#pragma once
// The envelope from its source block on, as the record before had it. Records of one transaction differ there in
// three values only where their writer took the time once for all of them, as ours does for a batch; so what stands
// between these is compared at once and not read again. Debezium takes it for each record: its tails are read.

#include "codecs/event/event_view.hpp"
#include "codecs/event/field_order.hpp"
#include "codecs/event/json_tokens.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tandem::event {

// A value that differs from record to record: source.sequence, source.lsn, op.
struct own_value {
    meaning what = meaning::other;
    token_place at = nullptr;
};

// Owns copies of what it compares with; knows nothing until learn().
class known_tail {
public:
    // The tail that begins at the source block's brace, when it is the one that is known; nullptr otherwise, and then
    // nothing has been said. `before`: the envelope's fields so far. Calls `take(what, token)` for each value of the
    // record's own, fills the rest of `into`, and gives back the envelope's closing brace.
    template <class Take>
    [[nodiscard]] token_place match(json_text const& in, token_place at, meanings_seen before,
                                    source_view& into, Take take) const {
        if (count_ == 0 || before != before_) {
            return nullptr;
        }
        std::array<char const*, stretches_most> starts{};
        std::array<own_value, stretches_most> own{};
        for (std::size_t index = 0; index < count_; ++index) {
            stretch const& one = stretches_[index];
            starts[index] = in.start(at);
            if (!one.stands(starts[index], in.start(in.end()))) {
                return nullptr;
            }
            at += one.tokens;
            if (one.then != meaning::other) {
                if (!is_scalar(in.token(at))) {
                    return nullptr;
                }
                own[index] = {one.then, at};
                ++at;
            }
        }
        restore(into, starts.data());
        for (std::size_t index = 0; index + 1 < count_; ++index) {
            take(own[index].what, in.token(own[index].at));
        }
        return at;
    }

    // Of a record that was read whole: from the source block's brace to the envelope's closing one; `own` in order.
    void learn(json_text const& in, token_place from, token_place to, meanings_seen before,
               source_view const& said, std::array<own_value, 3> const& own);

    // After a record that did not match: whether it is worth to learn it. Where every record is another
    // transaction's, learning only costs.
    [[nodiscard]] bool worth_learning() noexcept;
    void matched() noexcept { missed_ = 0; }

private:
    static constexpr std::size_t stretches_most = 4;

    struct stretch {
        std::string text;
        std::uint32_t tokens = 0;
        meaning then = meaning::other; // the value behind it; none: the end

        // Within the record: what its padding holds may look like the rest.
        [[nodiscard]] bool stands(char const* at, char const* end) const noexcept {
            return static_cast<std::size_t>(end - at) >= text.size() &&
                   std::memcmp(at, text.data(), text.size()) == 0;
        }
    };
    // Where in the stretches a string of the source block lies.
    struct place {
        std::uint32_t stretch = 0;
        std::uint32_t offset = 0;
    };

    void restore(source_view& into, char const* const* starts) const noexcept;

    std::array<stretch, stretches_most> stretches_; // kept for their memory
    std::size_t count_ = 0;                         // none: nothing is known
    meanings_seen before_;
    source_view said_; // sizes of its strings count, not where they point
    std::array<place, source_strings.size()> places_{};
    std::uint32_t missed_ = 0; // records since the last that matched
};

} // namespace tandem::event
