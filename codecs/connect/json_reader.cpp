#include "codecs/connect/json_reader.hpp"

#include "codecs/connect/json_schema.hpp"
#include "codecs/connect/json_walk.hpp"

#include <fmt/format.h>

#include <algorithm>
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
    if (auto const* const known = find_beginning(record)) {
        if (auto made = read_known(record, *known, memory)) {
            return std::move(*made);
        }
    }
    auto const found = tokens_.find(record);
    if (found != event::event_errc::ok) {
        return not_json(found);
    }
    auto const in = tokens_.found();
    if (options_.schemas) {
        return read_envelope(record, in, memory);
    }
    json_walk walk{in, options_, memory};
    data made;
    auto const behind = walk.read(in.first(), nullptr, made.what);
    if (!walk.failed() && behind != in.end()) {
        walk.not_json();
    }
    return walk.failed() ? outcome<data>{walk.why()} : outcome<data>{made};
}

bool json_reader::knows_beginning(std::string_view record) const noexcept {
    return find_beginning(record) != nullptr;
}

json_reader::beginning const* json_reader::find_beginning(std::string_view record) const noexcept {
    auto const found = std::ranges::find_if(
        beginnings_, [record](beginning const& one) { return record.starts_with(one.text); });
    return found == beginnings_.end() ? nullptr : &*found;
}

// None: it is not only the payload that follows, or not as its schema says: then all of it is read, for what is wrong.
std::optional<data> json_reader::read_known(std::string_view record, beginning const& known,
                                            arena& memory) {
    auto const rest = record.substr(known.text.size());
    if (rest.size() < 2 || rest.back() != '}' ||
        tokens_.find(rest.substr(0, rest.size() - 1)) != event::event_errc::ok) {
        return std::nullopt;
    }
    auto const in = tokens_.found();
    json_walk walk{in, options_, memory};
    data made{known.of, {}};
    auto const behind = walk.read(in.first(), made.of.get(), made.what);
    if (walk.failed() || behind != in.end()) {
        return std::nullopt;
    }
    return made;
}

void json_reader::keep_beginning(std::string_view text, schema_ptr const& of) {
    if (beginnings_.size() < beginnings_most) {
        beginnings_.push_back({std::string{text}, of});
        return;
    }
    beginnings_[oldest_] = {std::string{text}, of};
    oldest_ = (oldest_ + 1) % beginnings_most;
}

outcome<data> json_reader::read_envelope(std::string_view record, event::json_text in,
                                         arena& memory) {
    if (in.front(in.first()) != '{') {
        return no_envelope();
    }
    json_walk walk{in, options_, memory};
    std::optional<std::string_view> schema_text;
    event::token_place payload = nullptr;
    bool is_last = false; // the payload, of the two
    auto const behind = walk.fields(in.first(), [&](std::string_view name, event::token_place at) {
        auto const passed = event::pass_value(in, at);
        if (passed.error != event::event_errc::ok) {
            walk.fail(not_json(passed.error));
        } else if (name == "schema" && !schema_text) {
            schema_text = passed.text;
        } else if (name == "payload" && payload == nullptr) {
            payload = at;
            is_last = schema_text.has_value();
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
    if (!walk.failed() && is_last) {
        auto const begin = static_cast<std::size_t>(in.start(payload) - record.data());
        keep_beginning(record.substr(0, begin), made.of);
    }
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
