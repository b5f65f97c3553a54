// The event decoder on any text, in every form of record: against the plain reading, which accepts the same and
// reads the same; and rows against boost::json, which reads alike what it knows as JSON at all.
#include "codecs/event/decode.hpp"
#include "tests/support/event_said.hpp"
#include "tests/support/padded_record.hpp"

#include <boost/json.hpp>
#include <boost/json/src.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace tandem::event {
namespace {

namespace json = boost::json;

bool same(field_value const& ours, json::value const& theirs) {
    switch (ours.kind) {
    case field_kind::absent:
        return false;
    case field_kind::null:
        return theirs.is_null();
    case field_kind::boolean:
        return theirs.is_bool() && theirs.get_bool() == (ours.text == "true");
    case field_kind::string:
        return theirs.is_string() && std::string_view{theirs.get_string()} == ours.text;
    case field_kind::number:
        return theirs.is_number();
    case field_kind::nested:
        return theirs.is_structured();
    }
    return false;
}

void check_row(std::string_view input) {
    wire::padded_record const record{input};
    event_decoder decoder;
    field_names names;
    event_view event;
    arena strings;
    auto const ours = decoder.value(record.view(), {false, false}, names, event, strings);
    json::parse_options options;
    options.max_depth = 512;
    boost::system::error_code failed;
    auto const theirs = json::parse(input, failed, {}, options);
    if (!ours) {
        if (ours.error().code == event_errc::ok || ours.error().offset > input.size()) {
            std::abort();
        }
        return;
    }
    if (failed) {
        return; // escapes in what is nested are read by whoever needs it
    }
    if (event.has_after == theirs.is_null()) {
        std::abort();
    }
    if (theirs.is_null()) {
        return;
    }
    auto const& object = theirs.get_object();
    for (std::size_t index = 0; index < event.after.size(); ++index) {
        auto const* const value = object.if_contains(names[index]);
        if (value == nullptr || !same(event.after[index], *value)) {
            std::abort();
        }
    }
}

// What the decoder has read before; corpus/fuzz_event has it too, so that inputs differ from it in little.
constexpr std::string_view record_before =
    R"({"before":null,"after":{"id":1},"source":{"version":"1","connector":"postgresql","name":"s",)"
    R"("ts_ms":5,"snapshot":"false","db":"d","sequence":"[\"1\",\"2\"]","ts_us":5000,"ts_ns":5000000,)"
    R"("schema":"public","table":"t","txId":7,"lsn":20,"xmin":null,"origin":null,"origin_lsn":null},)"
    R"("transaction":null,"op":"c","ts_ms":6,"ts_us":6000,"ts_ns":123})";

void check(std::string_view input, record_form form) {
    // Behind it stands what would follow if the input began like the record before.
    wire::padded_record const record{
        input, record_before.substr(std::min(input.size(), record_before.size()))};
    wire::padded_record const before{record_before};
    static std::string const longer = [] { // so that tokens of it are left behind
        std::string text = R"({"op":"c","after":{"id":[0)";
        for (int index = 0; index < 300; ++index) {
            text += ",0";
        }
        return text + "]}}";
    }();
    static wire::padded_record const long_before{longer};
    auto const plain = wire::plain_event::value(input, form.envelope, form.schema);
    event_decoder decoder;
    field_names names;
    event_view event;
    arena strings;
    for (int round = 0; round < 3; ++round) { // the second with all that the first has learned
        if (round == 2 && form == record_form{} &&
            !(decoder.value(before.view(), form, names, event, strings) &&
              decoder.value(long_before.view(), form, names, event, strings))) {
            std::abort();
        }
        auto const read = decoder.value(record.view(), form, names, event, strings);
        if (read.has_value() != plain.has_value()) {
            std::abort();
        }
        if (!read && (read.error().code == event_errc::ok || read.error().offset > input.size())) {
            std::abort();
        }
        if (read && wire::event_said::of(event, names) != *plain) {
            std::abort();
        }
    }
}

} // namespace
} // namespace tandem::event

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const input{reinterpret_cast<char const*>(data), size};
    tandem::event::check_row(input);
    for (bool const envelope : {false, true}) {
        for (bool const schema : {false, true}) {
            tandem::event::check(input, {envelope, schema});
        }
    }
    return 0;
}
