#pragma once
// What a text needs to have in it for an expression to be found there. Pure. Most searches are for a word: looking for that is
// many times faster than the matcher.

#include <string>
#include <string_view>

namespace tandem::engine {

struct search_demand {
    std::string literal; // bytes that every match has in it; empty: none that is known
    bool whole = false;  // and whatever has them matches

    friend bool operator==(search_demand const&, search_demand const&) = default;
};

// Of a POSIX extended regular expression that compiles (topic_search).
[[nodiscard]] search_demand demand_of(std::string_view pattern);

} // namespace tandem::engine
