#include "codecs/values/bytes_text.hpp"
#include "engine/admin/record_text.hpp"
#include "engine/admin/shown_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tandem::engine {
namespace {

std::string json_string(std::string_view text) {
    return nlohmann::json(text).dump();
}

struct form {
    std::string name; // as JSON
    std::string text;
};

form form_of(std::optional<std::string> const& bytes, bool may_be_json) {
    if (!bytes) {
        return {"null", "null"};
    }
    if (may_be_json && is_json(*bytes)) {
        return {R"("json")", compact_json(*bytes)};
    }
    if (is_utf8(*bytes)) {
        return {R"("text")", json_string(*bytes)};
    }
    return {R"("base64")", json_string(values::base64_text(*bytes))};
}

} // namespace

std::string record_json(topic_record const& record) {
    form const key = form_of(record.key, true);
    form const value = form_of(record.value, true);
    std::string out = fmt::format(
        R"({{"partition":{},"offset":{},"timestamp":{},"key":{},"key_form":{},"value":{},)"
        R"("value_form":{},"headers":[)",
        record.partition, record.offset,
        record.timestamp_ms < 0 ? "null" : std::to_string(record.timestamp_ms), key.text, key.name,
        value.text, value.name);
    for (std::size_t at = 0; at < record.headers.size(); ++at) {
        auto const& each = record.headers[at];
        form const said = form_of(each.value, false);
        // Names are text in Kafka's protocol; one that is not is shown with its bytes escaped.
        auto const name = is_utf8(each.name) ? each.name : shown(each.name, each.name.size());
        out += fmt::format(R"({}{{"name":{},"value":{},"form":{}}})", at == 0 ? "" : ",",
                           json_string(name), said.text, said.name);
    }
    return safe_json(out + "]}");
}

} // namespace tandem::engine
