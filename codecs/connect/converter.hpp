#pragma once
// Between a record's bytes and Connect's values: the converters of Kafka Connect by their class names.
// https://kafka.apache.org/39/javadoc/org/apache/kafka/connect/storage/Converter.html

#include "codecs/connect/json_reader.hpp"
#include "codecs/connect/json_writer.hpp"
#include "codecs/connect/problem.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::connect {

// One per side and thread.
class converter {
public:
    virtual ~converter() = default;
    converter() = default;
    converter(converter const&) = delete;
    converter& operator=(converter const&) = delete;

    // `bytes`: none, a record without; else with event::record_padding readable bytes behind it. The value points into
    // it, into `memory` and into its schema.
    [[nodiscard]] virtual outcome<data> read(std::optional<std::string_view> bytes,
                                             arena& memory) = 0;
    // Appends to `into`. False: the record has no bytes. On an error `into` is as it was.
    [[nodiscard]] virtual outcome<bool> write(data const& what, std::string& into) = 0;
};

// Strings; of anything else what Java's toString() says, but for bytes, of which it says where they lie.
[[nodiscard]] std::unique_ptr<converter> string_converter();
[[nodiscard]] std::unique_ptr<converter> byte_array_converter();
// Of int16, int32, int64, float32, float64, most significant byte first, and boolean, a byte.
[[nodiscard]] std::unique_ptr<converter> number_converter(schema_type type);
[[nodiscard]] std::unique_ptr<converter> json_converter(json_options in, json_form out);
// Of headers: text that shows what it is (Values.parseString).
[[nodiscard]] std::unique_ptr<converter> simple_header_converter();

// What Java's toString() says of a value. None: of bytes in it.
[[nodiscard]] std::optional<std::string> java_string(value const& of);

} // namespace tandem::connect
