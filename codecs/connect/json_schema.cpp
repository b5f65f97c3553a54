#include "codecs/connect/json_schema.hpp"

#include "codecs/connect/json_walk.hpp"

#include <boost/unordered/unordered_flat_map.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <string_view>
#include <utility>

namespace tandem::connect {
namespace {

using event::token_place;

std::optional<schema_type> type_of(std::string_view name) noexcept {
    using entry = std::pair<std::string_view, schema_type>;
    constexpr std::array<entry, 12> names{{{"boolean", schema_type::boolean},
                                           {"int8", schema_type::int8},
                                           {"int16", schema_type::int16},
                                           {"int32", schema_type::int32},
                                           {"int64", schema_type::int64},
                                           {"float", schema_type::float32},
                                           {"double", schema_type::float64},
                                           {"bytes", schema_type::bytes},
                                           {"string", schema_type::string},
                                           {"array", schema_type::array},
                                           {"map", schema_type::map},
                                           {"struct", schema_type::structure}}};
    auto const* const found = std::ranges::find(names, name, &entry::first);
    return found == names.end() ? std::nullopt : std::optional{found->second};
}

// A schema's fields by name, as tokens; the last of a name counts.
class schema_reader {
public:
    schema_reader(event::json_text in, json_options options) : in_{in}, options_{options} {}

    outcome<schema_ptr> read(token_place at, int depth = 0) {
        constexpr int depth_most = 64;
        if (in_.token(at) == "null") {
            return schema_ptr{};
        }
        if (depth > depth_most) {
            return data_problem(fmt::format("a schema is nested deeper than {}", depth_most));
        }
        std::map<std::string, token_place, std::less<>> of;
        arena names;
        if (in_.front(at) == '{') {
            json_walk walk{in_, options_, names};
            walk.fields(at, [&](std::string_view name, token_place place) {
                of[std::string{name}] = place;
                auto const passed = event::pass_value(in_, place);
                if (passed.error != event::event_errc::ok) {
                    walk.not_json();
                }
                return passed.behind;
            });
            if (walk.failed()) {
                return walk.why();
            }
        }
        auto const type_name = text_at(of, "type");
        if (!type_name) {
            return data_problem("Schema must contain 'type' field");
        }
        auto const type = type_of(*type_name);
        if (!type) {
            return data_problem(fmt::format("Unknown schema type: {}", *type_name));
        }
        auto made = std::make_shared<schema>();
        made->type = *type;
        auto done = parts(*made, of, depth);
        if (done) {
            done = properties(*made, of);
        }
        return done ? outcome<schema_ptr>{std::move(made)} : outcome<schema_ptr>{done.error()};
    }

private:
    using fields_by_name = std::map<std::string, token_place, std::less<>>;

    static token_place place_of(fields_by_name const& of, std::string_view name) {
        auto const found = of.find(name);
        return found == of.end() ? nullptr : found->second;
    }

    std::optional<std::string> text_at(token_place at) {
        if (at == nullptr || in_.front(at) != '"') {
            return std::nullopt;
        }
        arena memory;
        json_walk walk{in_, options_, memory};
        auto const text = walk.string(in_.token(at));
        return walk.failed() ? std::nullopt : std::optional{std::string{text}};
    }
    std::optional<std::string> text_at(fields_by_name const& of, std::string_view name) {
        return text_at(place_of(of, name));
    }

    // What an array, a map or a structure is made of.
    outcome<void> parts(schema& made, fields_by_name const& of, int depth) {
        if (made.type == schema_type::array) {
            return part(of, "items", "Array schema did not specify the element type", depth,
                        made.element);
        }
        if (made.type == schema_type::map) {
            auto done =
                part(of, "keys", "Map schema did not specify the key type", depth, made.key);
            return done ? part(of, "values", "Map schema did not specify the value type", depth,
                               made.element)
                        : done;
        }
        return made.type == schema_type::structure ? fields(made, of, depth)
                                                   : boost::system::in_place_value;
    }

    outcome<void> part(fields_by_name const& of, std::string_view name, std::string_view missing,
                       int depth, schema_ptr& into) {
        auto const at = place_of(of, name);
        auto read = at == nullptr ? outcome<schema_ptr>{schema_ptr{}} : this->read(at, depth + 1);
        if (!read) {
            return read.error();
        }
        if (*read == nullptr) {
            return data_problem(std::string{missing});
        }
        into = std::move(*read);
        return boost::system::in_place_value;
    }

    outcome<void> fields(schema& made, fields_by_name const& of, int depth) {
        auto at = place_of(of, "fields");
        if (at == nullptr || in_.front(at) != '[') {
            return data_problem("Struct schema's \"fields\" argument is not an array.");
        }
        at = in_.next(at);
        while (in_.front(at) != ']') {
            auto const name = text_at(field_named(at));
            if (!name) {
                return data_problem("Struct schema's field name not specified properly");
            }
            auto read = this->read(at, depth + 1);
            if (!read) {
                return read.error();
            }
            if (name->empty()) {
                return problem{problem_kind::schema_builder, "fieldName cannot be null."};
            }
            if (made.index_of(*name)) {
                return problem{
                    problem_kind::schema_builder,
                    fmt::format("Cannot create field because of field name duplication {}", *name)};
            }
            made.fields.push_back({*name, std::move(*read)});
            at = event::pass_value(in_, at).behind;
            if (in_.front(at) == ',') {
                at = in_.next(at);
            }
        }
        return boost::system::in_place_value;
    }

    // The name that an element of "fields" has.
    token_place field_named(token_place at) {
        token_place found = nullptr;
        arena names;
        json_walk walk{in_, options_, names};
        if (in_.front(at) == '{') {
            walk.fields(at, [&](std::string_view name, token_place place) {
                if (name == "field") {
                    found = place;
                }
                return event::pass_value(in_, place).behind;
            });
        }
        return found;
    }

    outcome<void> properties(schema& made, fields_by_name const& of) {
        auto const optional = place_of(of, "optional");
        made.optional = optional != nullptr && in_.token(optional) == "true";
        made.name = text_at(of, "name");
        made.doc = text_at(of, "doc");
        if (auto const version = place_of(of, "version"); version != nullptr) {
            auto const text = in_.token(version);
            std::int32_t number = 0;
            auto const [stop, failed] =
                std::from_chars(text.data(), text.data() + text.size(), number);
            if (failed == std::errc{} && stop == text.data() + text.size()) {
                made.version = number;
            }
        }
        if (auto const given = place_of(of, "parameters");
            given != nullptr && in_.front(given) == '{') {
            auto done = parameters(made, given);
            if (!done) {
                return done;
            }
        }
        if (auto const given = place_of(of, "default"); given != nullptr) {
            json_walk walk{in_, options_, made.memory};
            value read;
            walk.read(given, &made, read);
            if (walk.failed()) {
                return walk.why();
            }
            made.default_value = copy_of(read, made.memory); // strings lie in the record
        }
        return boost::system::in_place_value;
    }

    outcome<void> parameters(schema& made, token_place at) {
        arena names;
        json_walk walk{in_, options_, names};
        walk.fields(at, [&](std::string_view name, token_place place) {
            auto text = text_at(place);
            if (!text) {
                walk.fail(data_problem("Schema parameters must have string values."));
                return place;
            }
            made.parameters.emplace_back(std::string{name}, std::move(*text));
            return in_.next(place);
        });
        return walk.failed() ? outcome<void>{walk.why()} : outcome<void>{};
    }

    event::json_text in_;
    json_options options_;
};

} // namespace

outcome<schema_ptr> schema_of(event::json_text in, event::token_place at, json_options options) {
    return schema_reader{in, options}.read(at);
}

} // namespace tandem::connect
