#include "engine/flow/stream_progress.hpp"

#include <nlohmann/json.hpp>

namespace tandem::engine {

std::string encode(stream_progress const& told) {
    nlohmann::ordered_json out;
    out["run"] = told.run;
    out["reader"] = told.reader;
    out["durable"] = to_string(told.durable);
    out["again"] = told.again;
    if (!told.asks.empty()) {
        out["asks"] = told.asks;
    }
    if (told.seen.from) {
        out["seen"] = to_string(told.seen.applied);
        out["seen_at"] = to_string(told.seen.from);
    }
    return out.dump();
}

std::optional<stream_progress> decode_progress(std::string_view text) {
    auto const read = nlohmann::json::parse(text, nullptr, false);
    auto const is = [&](char const* name, bool (nlohmann::json::*kind)() const noexcept) {
        return read.contains(name) && (read[name].*kind)();
    };
    using json = nlohmann::json;
    if (!read.is_object() || !is("run", &json::is_string) || !is("reader", &json::is_string) ||
        !is("durable", &json::is_string) || !is("again", &json::is_boolean)) {
        return std::nullopt;
    }
    auto const durable = lsn::parse(read["durable"].get<std::string>());
    if (!durable) {
        return std::nullopt;
    }
    stream_progress made{read["run"], read["reader"], *durable, read["again"]};
    if (is("asks", &json::is_string)) {
        made.asks = read["asks"];
    }
    if (is("seen", &json::is_string) && is("seen_at", &json::is_string)) {
        auto const applied = lsn::parse(read["seen"].get<std::string>());
        auto const from = lsn::parse(read["seen_at"].get<std::string>());
        if (!applied || !from) {
            return std::nullopt;
        }
        made.seen = {*applied, *from};
    }
    return made;
}

} // namespace tandem::engine
