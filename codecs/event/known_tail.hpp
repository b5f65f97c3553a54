#pragma once
// The envelope from its source block on, as the record before had it. Records of one transaction differ there in
// three values only where their writer took the time once for all of them, as ours does for a batch; so what stands
// between these is compared at once and not read again. Debezium takes it for each record: its tails are read.

#include "codecs/event/event_view.hpp"
#include "codecs/event/field_order.hpp"
#include "codecs/event/json_tokens.hpp"
#include "codecs/event/padding.hpp"

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
                                    source_view& into, Take take) {
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
            std::string_view const token = in.token(own[index].at);
            keep(stretches_[index], token);
            take(own[index].what, token);
        }
        return at;
    }

    // Where the tail begins in a text that ends with the one that is known, byte by byte but for the digits of its own
    // values, and its op; 0: it does not. Then what is in front of it decides whether it is one: it must be JSON whose
    // strings are closed.
    [[nodiscard]] std::size_t begins_at(std::string_view text) const noexcept;
    // What match() gives, of a text whose tail begins_at() has found there. False, and nothing is said, where `before` is
    // not what it was.
    template <class Take>
    [[nodiscard]] bool read(std::string_view text, std::size_t from, meanings_seen before,
                            source_view& into, Take take) const {
        if (before != before_) {
            return false;
        }
        std::array<char const*, stretches_most> starts{};
        char const* at = text.data() + from;
        for (std::size_t index = 0; index < count_; ++index) {
            starts[index] = at;
            at += stretches_[index].text.size() + stretches_[index].own_size;
        }
        restore(into, starts.data());
        for (std::size_t index = 0; index + 1 < count_; ++index) {
            stretch const& one = stretches_[index];
            take(one.then, std::string_view{starts[index] + one.text.size(), one.own_size});
        }
        return true;
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
        std::string padded;            // that value, as it was last, with record_padding
        std::size_t own_size = 0;

        [[nodiscard]] std::string_view own() const noexcept { return {padded.data(), own_size}; }
        void keep(std::string_view token) {
            padded.assign(token);
            padded.append(record_padding, '\0');
            own_size = token.size();
        }
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
    // For begins_at(), which counts on the length.
    void keep(stretch& one, std::string_view token) {
        if (token.size() != one.own_size) {
            size_ += token.size() - one.own_size;
            one.keep(token);
        }
    }

    std::array<stretch, stretches_most> stretches_; // kept for their memory
    std::size_t count_ = 0;                         // none: nothing is known
    std::size_t size_ = 0;                          // of all, own values included
    meanings_seen before_;
    source_view said_; // sizes of its strings count, not where they point
    std::array<place, source_strings.size()> places_{};
    std::uint32_t missed_ = 0; // records since the last that matched
};

} // namespace tandem::event
