#include "engine/admin/search_demand.hpp"

#include <utility>

namespace tandem::engine {
namespace {

bool any_of(std::string_view set, char one) {
    return set.find(one) != set.npos;
}

constexpr std::string_view quantifiers = "*+?{";
constexpr std::string_view taken_as_they_are = R"(.[]{}()*+?|^$\/-"',:;=<>&%#@!~ )";
constexpr std::string_view operators_of_gnu =
    "<>`'"; // behind a backslash: edges of words and texts

// Behind the bracket expression that begins at `at`.
std::size_t behind_brackets(std::string_view pattern, std::size_t at) {
    ++at;
    if (at < pattern.size() && pattern[at] == '^') {
        ++at;
    }
    bool first = true;
    while (at < pattern.size() && (first || pattern[at] != ']')) {
        first = false;
        bool const named =
            pattern[at] == '[' && at + 1 < pattern.size() && any_of(":.=", pattern[at + 1]);
        if (named) { // [:alpha:]
            char const ending[] = {pattern[at + 1], ']'};
            auto const end = pattern.find(std::string_view{ending, 2}, at + 2);
            at = end == pattern.npos ? pattern.size() : end + 2;
        } else {
            ++at;
        }
    }
    return at + 1;
}

// Behind the group that begins at `at`.
std::size_t behind_group(std::string_view pattern, std::size_t at) {
    int depth = 0;
    while (at < pattern.size()) {
        if (pattern[at] == '\\') {
            at += 2;
        } else if (pattern[at] == '[') {
            at = behind_brackets(pattern, at);
        } else {
            depth += pattern[at] == '(' ? 1 : pattern[at] == ')' ? -1 : 0;
            ++at;
            if (depth == 0) {
                break;
            }
        }
    }
    return at;
}

class reading {
public:
    explicit reading(std::string_view pattern) : pattern_{pattern} {}

    search_demand read() {
        while (at_ < pattern_.size()) {
            if (pattern_[at_] == '|') {
                return {}; // the one or the other
            }
            step();
        }
        bool const whole = plain_ && !run_.empty();
        end_run();
        return {std::move(longest_), whole};
    }

private:
    void step() {
        char const one = pattern_[at_];
        if (one == '(') {
            special(behind_group(pattern_, at_));
        } else if (one == '[') {
            special(behind_brackets(pattern_, at_));
        } else if (one == '\\' && at_ + 1 < pattern_.size()) {
            escaped(pattern_[at_ + 1]);
        } else if (any_of(quantifiers, one)) {
            quantified();
        } else if (any_of(".^$)\\}", one)) {
            special(at_ + 1);
        } else {
            run_ += one;
            ++at_;
        }
    }

    void escaped(char one) {
        if (any_of(taken_as_they_are, one) && !any_of(operators_of_gnu, one)) {
            run_ += one;
            at_ += 2;
        } else {
            special(at_ + 2);
        }
    }

    // What stands before it may be there more than once, or not at all: a+ is there, a+* need not be.
    void quantified() {
        bool there = true;
        auto next = at_;
        while (next < pattern_.size() && any_of(quantifiers, pattern_[next])) {
            there = there && pattern_[next] == '+';
            auto const end = pattern_[next] == '{' ? pattern_.find('}', next) : next;
            next = end == pattern_.npos ? pattern_.size() : end + 1;
        }
        if (!there && !run_.empty()) {
            run_.pop_back();
        }
        special(next);
    }

    void special(std::size_t next) {
        end_run();
        plain_ = false;
        at_ = next;
    }

    void end_run() {
        if (run_.size() > longest_.size()) {
            longest_ = run_;
        }
        run_.clear();
    }

    std::string_view pattern_;
    std::size_t at_ = 0;
    std::string run_; // of bytes that stand for themselves
    std::string longest_;
    bool plain_ = true;
};

} // namespace

search_demand demand_of(std::string_view pattern) {
    return reading{pattern}.read();
}

} // namespace tandem::engine
