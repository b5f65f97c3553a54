#include "codecs/event/known_tail.hpp"

namespace tandem::event {
namespace {

// The same but for digits in the place of digits. Both have record_padding readable bytes behind them.
bool same_but_digits(char const* text, std::string_view known) noexcept {
#ifdef __SSE2__
    static_assert(record_padding >= 16);
    auto const load = [](char const* from) {
        return _mm_loadu_si128(reinterpret_cast<__m128i const*>(from));
    };
    auto const digits = [](__m128i bytes) {
        __m128i const above_0 = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
        return _mm_cmpeq_epi8(_mm_min_epu8(above_0, _mm_set1_epi8(9)), above_0);
    };
    for (std::size_t at = 0; at < known.size(); at += 16) {
        __m128i const theirs = load(text + at);
        __m128i const ours = load(known.data() + at);
        __m128i const same =
            _mm_or_si128(_mm_cmpeq_epi8(theirs, ours), _mm_and_si128(digits(theirs), digits(ours)));
        auto const others = ~static_cast<unsigned>(_mm_movemask_epi8(same)) & 0xFFFFU;
        std::size_t const left = known.size() - at;
        if ((left < 16 ? others & ((1U << left) - 1U) : others) != 0) {
            return false;
        }
    }
    return true;
#else
    for (std::size_t at = 0; at < known.size(); ++at) {
        if (text[at] != known[at] && !(is_digit(text[at]) && is_digit(known[at]))) {
            return false;
        }
    }
    return true;
#endif
}

// "c"
bool is_letter(char const* text, std::size_t size) noexcept {
    return size == 3 && text[0] == '"' && text[1] >= 'a' && text[1] <= 'z' && text[2] == '"';
}

} // namespace

std::size_t known_tail::begins_at(std::string_view text) const noexcept {
    if (count_ == 0 || text.size() <= size_) {
        return 0;
    }
    std::size_t const from = text.size() - size_;
    char const* at = text.data() + from;
    for (std::size_t index = 0; index < count_; ++index) {
        stretch const& one = stretches_[index];
        if (std::memcmp(at, one.text.data(), one.text.size()) != 0) {
            return 0;
        }
        at += one.text.size();
        bool const good =
            one.then == meaning::op ? is_letter(at, one.own_size) : same_but_digits(at, one.own());
        if (!good) {
            return 0;
        }
        at += one.own_size;
    }
    return from;
}

bool known_tail::worth_learning() noexcept {
    constexpr std::uint32_t tries = 4;
    constexpr std::uint32_t rest = 64;
    ++missed_;
    return missed_ <= tries || missed_ % rest == 0;
}

void known_tail::restore(source_view& into, char const* const* starts) const noexcept {
    into = said_;
    for (std::size_t index = 0; index < source_strings.size(); ++index) {
        std::string_view& text = into.*source_strings[index];
        place const& lies = places_[index];
        text = {starts[lies.stretch] + lies.offset, text.size()};
    }
}

void known_tail::learn(json_text const& in, token_place from, token_place to, meanings_seen before,
                       source_view const& said, std::array<own_value, 3> const& own) {
    count_ = 0;
    size_ = 0;
    std::size_t made = 0;
    std::array<char const*, stretches_most> starts{};
    auto const add = [&](token_place end, std::size_t size, meaning then) {
        starts[made] = in.start(from);
        stretch& one = stretches_[made++];
        one.text.assign(in.start(from), size);
        one.tokens = static_cast<std::uint32_t>(end - from);
        one.then = then;
        one.keep(then == meaning::other ? std::string_view{} : in.token(end));
        size_ += one.text.size() + one.own_size;
    };
    for (own_value const& value : own) {
        // What nobody looks at again must be a string: its end shows, and no digit in it makes it wrong.
        bool const there = value.at != nullptr && value.at > from && value.at < to;
        bool const plain = there && (value.what != meaning::sequence || in.front(value.at) == '"');
        if (!plain || !is_scalar(in.token(value.at))) {
            return;
        }
        add(value.at, static_cast<std::size_t>(in.start(value.at) - in.start(from)), value.what);
        from = value.at + 1;
    }
    // The closing brace is compared too: it ends the value in front of it.
    add(to, static_cast<std::size_t>(in.start(to) + 1 - in.start(from)), meaning::other);

    before_ = before;
    said_ = said;
    for (std::size_t index = 0; index < source_strings.size(); ++index) {
        std::string_view const text = said.*source_strings[index];
        bool found = text.empty();
        places_[index] = {};
        for (std::uint32_t each = 0; each < made && !found; ++each) {
            auto const offset = text.data() - starts[each];
            found = text.data() >= starts[each] &&
                    offset + static_cast<std::ptrdiff_t>(text.size()) <=
                        static_cast<std::ptrdiff_t>(stretches_[each].text.size());
            places_[index] = found ? place{each, static_cast<std::uint32_t>(offset)} : place{};
        }
        if (!found) { // it was unescaped, and lies elsewhere
            return;
        }
    }
    count_ = made;
}

} // namespace tandem::event
