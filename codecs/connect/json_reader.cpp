#include "codecs/connect/json_reader.hpp"

#include "codecs/connect/json_schema.hpp"
#include "codecs/connect/json_walk.hpp"

#include <fmt/format.h>

#include <utility>

namespace tandem::connect {
namespace {

problem not_json(event::event_errc why) {
    return data_problem(
        fmt::format("Converting byte[] to Kafka Connect data failed due to serialization error: {}",
                    event::describe(why)));
}

problem no_envelope() {
    return data_problem(
        "JsonConverter with schemas.enable requires \"schema\" and \"payload\" fields and may not "
        "contain additional fields. If you are trying to deserialize plain JSON data, set "
        "schemas.enable=false in your converter configuration.");
}

} // namespace

outcome<data> json_reader::read(std::string_view record, arena& memory) {
    if (record.empty()) {
        return data{};
    }
    auto const found = tokens_.find(record);
    if (found != event::event_errc::ok) {
        return not_json(found);
    }
    auto const in = tokens_.found();
    if (options_.schemas) {
        return read_envelope(in, memory);
    }
    json_walk walk{in, options_, memory};
    data made;
    auto const behind = walk.read(in.first(), nullptr, made.what);
    if (!walk.failed() && behind != in.end()) {
        walk.not_json();
    }
    return walk.failed() ? outcome<data>{walk.why()} : outcome<data>{made};
}

outcome<data> json_reader::read_envelope(event::json_text in, arena& memory) {
    if (in.front(in.first()) != '{') {
        return no_envelope();
    }
    json_walk walk{in, options_, memory};
    std::optional<std::string_view> schema_text;
    event::token_place payload = nullptr;
    auto const behind = walk.fields(in.first(), [&](std::string_view name, event::token_place at) {
        auto const passed = event::pass_value(in, at);
        if (passed.error != event::event_errc::ok) {
            walk.fail(not_json(passed.error));
        } else if (name == "schema" && !schema_text) {
            schema_text = passed.text;
        } else if (name == "payload" && payload == nullptr) {
            payload = at;
        } else {
            walk.fail(no_envelope());
        }
        return passed.behind;
    });
    if (!walk.failed() && behind != in.end()) {
        walk.not_json();
    }
    if (!walk.failed() && (!schema_text || payload == nullptr)) {
        walk.fail(no_envelope());
    }
    if (walk.failed()) {
        return walk.why();
    }
    auto of = known_schema(*schema_text);
    if (!of) {
        return of.error();
    }
    data made{std::move(*of), {}};
    walk.read(payload, made.of.get(), made.what);
    return walk.failed() ? outcome<data>{walk.why()} : outcome<data>{std::move(made)};
}

outcome<schema_ptr> json_reader::known_schema(std::string_view json) {
    auto const known = schemas_.find(json);
    if (known != schemas_.end()) {
        return known->second;
    }
    auto made = read_schema(json);
    if (made) {
        if (schemas_.size() >= schemas_most) {
            schemas_.clear();
        }
        schemas_.emplace(std::string{json}, *made);
    }
    return made;
}

outcome<schema_ptr> json_reader::read_schema(std::string_view json) {
    event::json_tokens tokens; // the record's own are in use
    auto const found = tokens.find(json);
    if (found != event::event_errc::ok) {
        return not_json(found);
    }
    return schema_of(tokens.found(), tokens.found().first(), options_);
}

} // namespace tandem::connect
