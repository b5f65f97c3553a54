#include "codecs/event/known_tail.hpp"

namespace tandem::event {

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
    std::size_t made = 0;
    std::array<char const*, stretches_most> starts{};
    auto const add = [&](token_place end, std::size_t size, meaning then) {
        starts[made] = in.start(from);
        stretch& one = stretches_[made++];
        one.text.assign(in.start(from), size);
        one.tokens = static_cast<std::uint32_t>(end - from);
        one.then = then;
    };
    for (own_value const& value : own) {
        if (value.at == nullptr || value.at <= from || value.at >= to ||
            !is_scalar(in.token(value.at))) {
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
