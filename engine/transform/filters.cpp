// Filter, and the predicates that say which records it sees.
// https://kafka.apache.org/39/documentation/#connect_predicates

#include "engine/transform/java_regex.hpp"
#include "engine/transform/kinds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tandem::connect {
namespace {

class filter final : public transformation {
public:
    outcome<bool> apply(record&, arena&) override { return false; }
};

class topic_name_matches final : public predicate {
public:
    explicit topic_name_matches(java_regex pattern) : pattern_{std::move(pattern)} {}
    [[nodiscard]] bool test(record const& of) const override { return pattern_.matches(of.topic); }

private:
    java_regex pattern_;
};

class has_header_key final : public predicate {
public:
    explicit has_header_key(std::string name) : name_{std::move(name)} {}
    [[nodiscard]] bool test(record const& of) const override {
        return std::ranges::find(of.headers, name_, &record_header::name) != of.headers.end();
    }

private:
    std::string name_;
};

class record_is_tombstone final : public predicate {
public:
    [[nodiscard]] bool test(record const& of) const override { return of.value.what.is_null(); }
};

} // namespace

setting_definitions filter_definitions() {
    return {};
}

outcome<transformation_ptr> make_filter(settings const&) {
    return transformation_ptr{std::make_unique<filter>()};
}

setting_definitions topic_name_matches_definitions() {
    return {{"pattern", setting_type::string, std::nullopt, importance::medium,
             "A Java regular expression for matching against the name of a record's topic.",
             [](setting const& what) {
                 auto const empty = non_empty_string()(what);
                 return empty ? empty : check_regex(what);
             }}};
}

outcome<predicate_ptr> make_topic_name_matches(settings const& by) {
    auto pattern = java_regex::of(by.string("pattern"));
    if (!pattern) {
        return pattern.error();
    }
    return predicate_ptr{std::make_unique<topic_name_matches>(std::move(*pattern))};
}

setting_definitions has_header_key_definitions() {
    return {{"name", setting_type::string, std::nullopt, importance::medium, "The header name.",
             non_empty_string()}};
}

outcome<predicate_ptr> make_has_header_key(settings const& by) {
    return predicate_ptr{std::make_unique<has_header_key>(by.string("name"))};
}

setting_definitions record_is_tombstone_definitions() {
    return {};
}

outcome<predicate_ptr> make_record_is_tombstone(settings const&) {
    return predicate_ptr{std::make_unique<record_is_tombstone>()};
}

} // namespace tandem::connect
