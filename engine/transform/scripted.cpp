// Debezium's Filter and ContentBasedRouter, with an expression of our own in place of a script.
// https://debezium.io/documentation/reference/3.0/transformations/filtering.html

#include "engine/transform/expression.hpp"
#include "engine/transform/java_regex.hpp"
#include "engine/transform/kinds.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace tandem::connect {
namespace {

enum class null_handling : std::uint8_t { keep, drop, evaluate };

// What both have in common: which records they look at.
class scripted : public transformation {
public:
    scripted(expression what, std::optional<java_regex> topics, null_handling nulls)
        : what_{std::move(what)}, topics_{std::move(topics)}, nulls_{nulls} {}

    outcome<bool> apply(record& of, arena& memory) final {
        if (topics_ && !topics_->matches(of.topic)) {
            return true;
        }
        if (of.value.what.is_null() && nulls_ != null_handling::evaluate) {
            return nulls_ == null_handling::keep;
        }
        auto const found = what_.evaluate(of, memory);
        if (!found) {
            return problem{problem_kind::debezium,
                           fmt::format("Error while evaluating expression '{}': {}", what_.text(),
                                       found.error().what)};
        }
        return decide(of, *found, memory);
    }

protected:
    [[nodiscard]] problem is_not(value const& what, std::string_view kind) const {
        return {problem_kind::debezium,
                fmt::format("Error while evaluating expression '{}': the value of class {} that it "
                            "returns is not a {}",
                            what_.text(), java_class(what), kind)};
    }

private:
    virtual outcome<bool> decide(record& of, value const& found, arena& memory) const = 0;

    expression what_;
    std::optional<java_regex> topics_;
    null_handling nulls_;
};

class scripted_filter final : public scripted {
    using scripted::scripted;
    outcome<bool> decide(record&, value const& found, arena&) const override {
        if (found.kind() != value_kind::boolean) {
            return is_not(found, "Boolean");
        }
        return found.number() != 0;
    }
};

class content_based_router final : public scripted {
    using scripted::scripted;
    outcome<bool> decide(record& of, value const& found, arena& memory) const override {
        if (found.is_null()) {
            return true;
        }
        if (found.kind() != value_kind::string) {
            return is_not(found, "String");
        }
        of.topic = memory.keep(found.text());
        return true;
    }
};

std::optional<std::string> check_language(setting const& what) {
    auto const* const name = std::get_if<std::string>(&what);
    if (name == nullptr || *name == "tandem") {
        return std::nullopt;
    }
    return "scripts are not run here; set it to tandem, whose expressions are a part of Groovy's: "
           "value.op == 'u' && value.after.id in [1, 2]";
}

setting_definitions definitions(std::string name, std::string doc) {
    return {
        {"topic.regex", setting_type::string, setting{}, importance::low,
         "A regex used for selecting the topic(s) to which this transformation should be applied."},
        {"language", setting_type::string, std::nullopt, importance::high,
         "An expression language used to evaluate the expression. Here it is tandem.",
         check_language},
        {std::move(name), setting_type::string, std::nullopt, importance::high, std::move(doc)},
        {"null.handling.mode", setting_type::string, setting{std::string{"keep"}}, importance::low,
         "How to handle records with null value. Options are: keep - records are passed (the "
         "default),drop - records are removed,evaluate - the null records are passed for "
         "evaluation.",
         one_of_in_any_case({"KEEP", "DROP", "EVALUATE"})},
    };
}

template <class Made>
outcome<transformation_ptr> make(settings const& by, std::string_view name) {
    auto const& text = by.string(name);
    auto what = expression::parse(text);
    if (!what) {
        return problem{
            problem_kind::config,
            invalid_value(name, text,
                          fmt::format("Failed to parse expression: {}", what.error().what))};
    }
    std::optional<java_regex> topics;
    if (auto const pattern = by.string_or_none("topic.regex"); pattern && !pattern->empty()) {
        auto regex = java_regex::of(*pattern);
        if (!regex) {
            return problem{
                problem_kind::config,
                invalid_value("topic.regex", *pattern,
                              "A regular expression is expected: " + regex.error().what)};
        }
        topics = std::move(*regex);
    }
    auto const& mode = by.string("null.handling.mode");
    auto const first = mode.empty() ? 'k' : static_cast<char>(mode[0] | ' ');
    auto const nulls = first == 'd'   ? null_handling::drop
                       : first == 'e' ? null_handling::evaluate
                                      : null_handling::keep;
    return transformation_ptr{std::make_unique<Made>(std::move(*what), std::move(topics), nulls)};
}

} // namespace

setting_definitions scripted_filter_definitions() {
    return definitions("condition", "An expression determining whether the record should be "
                                    "filtered out. When evaluated to true the record is removed.");
}

outcome<transformation_ptr> make_scripted_filter(settings const& by) {
    return make<scripted_filter>(by, "condition");
}

setting_definitions content_based_router_definitions() {
    return definitions("topic.expression",
                       "An expression determining the new name of the topic the record should use. "
                       "When null the record is delivered to the original topic.");
}

outcome<transformation_ptr> make_content_based_router(settings const& by) {
    return make<content_based_router>(by, "topic.expression");
}

} // namespace tandem::connect
