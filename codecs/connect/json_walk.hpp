#pragma once
// From a JSON value's tokens to a value of Connect's, by a schema or without.

#include "codecs/connect/json_reader.hpp"
#include "codecs/event/json_scalar.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

// The first problem sticks; what is read afterwards counts for nothing.
class json_walk {
public:
    json_walk(event::json_text in, json_options options, arena& memory) noexcept
        : in_{in}, options_{options}, memory_{memory} {}

    // The value at that token, null where there is none. Returns the token behind it.
    event::token_place read(event::token_place at, schema const* of, value& into);
    // What a field that is not there stands for.
    void read_missing(schema const& of, value& into);
    // Calls each(name, place of the value), which returns the token behind the value, for the fields of the object there.
    template <class Each>
    event::token_place fields(event::token_place at, Each&& each);
    // A string's text, in the record or, where it has escapes, in the arena.
    [[nodiscard]] std::string_view string(std::string_view token);

    [[nodiscard]] bool failed() const noexcept { return problem_.has_value(); }
    [[nodiscard]] problem const& why() const noexcept { return *problem_; }
    void fail(problem what) {
        if (!problem_) {
            problem_ = std::move(what);
        }
    }
    void not_json();

private:
    event::token_place structure(event::token_place at, schema const& of, value& into);
    event::token_place array(event::token_place at, schema const* element, value& into);
    event::token_place map(event::token_place at, schema const* of, value& into);
    event::token_place pairs(event::token_place at, schema const& of, value& into);
    void free_scalar(std::string_view token, value& into);
    void scalar(std::string_view token, schema const& of, value& into);
    void integer(std::string_view token, schema const& of, value& into);
    void real(std::string_view token, schema const& of, value& into);
    void bytes(std::string_view token, value& into);
    void decimal(std::string_view token, schema const& of, value& into);
    bool logical(std::string_view token, schema const& of, value& into);
    void wrong_type(std::string_view token, schema const& of);

    event::json_text in_;
    json_options options_;
    arena& memory_;
    std::optional<problem> problem_;
    // Elements and entries of what is open, the innermost last; a vector each would be made anew.
    std::vector<value> elements_;
    std::vector<map_entry> entries_;
    int depth_ = 0;
};

template <class Each>
event::token_place json_walk::fields(event::token_place at, Each&& each) {
    at = in_.next(at); // the brace
    if (in_.front(at) == '}') {
        return in_.next(at);
    }
    while (!failed()) {
        if (in_.name(at) == nullptr) {
            not_json();
            break;
        }
        auto const name = string(in_.token(at));
        at = each(name, at + 2);
        if (failed()) {
            break;
        }
        char const next = in_.front(at);
        at = in_.next(at);
        if (next == '}') {
            break;
        }
        if (next != ',') {
            not_json();
        }
    }
    return at;
}

} // namespace tandem::connect
