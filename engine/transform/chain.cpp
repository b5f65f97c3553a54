#include "engine/transform/chain.hpp"

#include <fmt/format.h>

#include <utility>

namespace tandem::connect {
namespace {

// What a configuration calls by a class's name.
struct named_class {
    std::string name;
    property_map properties; // without "type"
};

outcome<named_class> class_of(property_map const& configuration, std::string const& prefix) {
    named_class made{{}, with_prefix(configuration, prefix)};
    auto const type = made.properties.find("type");
    if (type == made.properties.end()) {
        return problem{problem_kind::config,
                       fmt::format("Missing required configuration \"{}type\" which has no default "
                                   "value.",
                                   prefix)};
    }
    made.name = std::move(type->second);
    made.properties.erase(type);
    return made;
}

std::string taken(property_map& from, std::string_view name) {
    auto const found = from.find(name);
    if (found == from.end()) {
        return {};
    }
    auto text = std::move(found->second);
    from.erase(found);
    return text;
}

outcome<predicate_ptr> make_predicate(property_map const& configuration, std::string_view alias) {
    auto const prefix = fmt::format("predicates.{}.", alias);
    auto const of = class_of(configuration, prefix);
    if (!of) {
        return of.error();
    }
    auto const* const kind = find_predicate(of->name);
    if (kind == nullptr) {
        return problem{problem_kind::config, no_such_class(prefix + "type", of->name, {})};
    }
    auto const by = settings::parse(kind->definitions(), of->properties);
    return by ? kind->make(*by) : outcome<predicate_ptr>{by.error()};
}

bool is_true(std::string_view text) noexcept { // as Java's Boolean.parseBoolean
    constexpr std::string_view word = "true";
    if (text.size() != word.size()) {
        return false;
    }
    for (std::size_t index = 0; index < word.size(); ++index) {
        if ((text[index] | ' ') != word[index]) {
            return false;
        }
    }
    return true;
}

} // namespace

outcome<transformation_chain> transformation_chain::of(property_map const& configuration) {
    transformation_chain made;
    auto const listed = configuration.find("transforms");
    if (listed == configuration.end()) {
        return made;
    }
    auto const aliases = parse_setting("transforms", listed->second, setting_type::list);
    if (!aliases) {
        return aliases.error();
    }
    for (auto const& alias : std::get<string_list>(*aliases)) {
        auto const prefix = fmt::format("transforms.{}.", alias);
        auto of = class_of(configuration, prefix);
        if (!of) {
            return of.error();
        }
        auto const* const kind = find_transformation(of->name);
        if (kind == nullptr) {
            return problem{problem_kind::config, no_such_class(prefix + "type", of->name, {})};
        }
        stage next;
        auto const when = taken(of->properties, "predicate");
        next.negated = is_true(taken(of->properties, "negate"));
        auto const by = settings::parse(kind->definitions(), of->properties);
        if (!by) {
            return by.error();
        }
        auto what = kind->make(*by);
        if (!what) {
            return what.error();
        }
        next.what = std::move(*what);
        if (!when.empty()) {
            auto predicate = make_predicate(configuration, when);
            if (!predicate) {
                return predicate.error();
            }
            next.when = std::move(*predicate);
        }
        made.stages_.push_back(std::move(next));
    }
    return made;
}

outcome<bool> transformation_chain::apply(record& of, arena& memory) {
    for (auto& each : stages_) {
        if (each.when != nullptr && each.when->test(of) == each.negated) {
            continue;
        }
        auto const done = each.what->apply(of, memory);
        if (!done || !*done) {
            return done;
        }
    }
    return true;
}

} // namespace tandem::connect
