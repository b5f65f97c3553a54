#include "codecs/connect/converter.hpp"

#include "codecs/base/big_endian.hpp"
#include "codecs/connect/date_format.hpp"
#include "codecs/connect/java_text.hpp"
#include "codecs/connect/literal.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstdint>
#include <utility>

namespace tandem::connect {
namespace {

// --- toString() -------------------------------------------------------------------------------------------------
bool append(value const& of, std::string& into);

bool append_list(value const& of, std::string& into) {
    into += '[';
    bool first = true;
    for (auto const& each : of.elements()) {
        into += first ? "" : ", ";
        first = false;
        if (!append(each, into)) {
            return false;
        }
    }
    into += ']';
    return true;
}

bool append_map(value const& of, std::string& into) {
    into += '{';
    bool first = true;
    for (auto const& each : of.entries()) {
        into += first ? "" : ", ";
        first = false;
        if (!append(each.key, into)) {
            return false;
        }
        into += '=';
        if (!append(each.mapped, into)) {
            return false;
        }
    }
    into += '}';
    return true;
}

bool append_structure(value const& of, std::string& into) {
    into += "Struct{";
    bool first = true;
    for (std::size_t index = 0; index < of.shape().fields.size(); ++index) {
        if (of.field(index).is_null()) {
            continue;
        }
        into += first ? "" : ",";
        first = false;
        into += of.shape().fields[index].name;
        into += '=';
        if (!append(of.field(index), into)) {
            return false;
        }
    }
    into += '}';
    return true;
}

bool append(value const& of, std::string& into) {
    static date_format const dates = *date_format::of("EEE MMM dd HH:mm:ss zzz y", 0);
    switch (of.kind()) {
    case value_kind::array:
        return append_list(of, into);
    case value_kind::map:
        return append_map(of, into);
    case value_kind::structure:
        return append_structure(of, into);
    case value_kind::date:
        dates.format(of.number(), into);
        return true;
    case value_kind::bytes:
        return false;
    default:
        into += text_of(of);
        return true;
    }
}

// --- converters -------------------------------------------------------------------------------------------------
class strings final : public converter {
    outcome<data> read(std::optional<std::string_view> bytes, arena&) override {
        return data{plain_schema(schema_type::string, true),
                    bytes ? value::of_string(*bytes) : value{}};
    }
    outcome<bool> write(data const& what, std::string& into) override {
        if (what.what.is_null()) {
            return false;
        }
        auto const text = java_string(what.what);
        if (!text) {
            return data_problem("Failed to serialize to a string: bytes have no text");
        }
        into += *text;
        return true;
    }
};

class byte_arrays final : public converter {
    outcome<data> read(std::optional<std::string_view> bytes, arena&) override {
        return data{plain_schema(schema_type::bytes, true),
                    bytes ? value::of_bytes(*bytes) : value{}};
    }
    outcome<bool> write(data const& what, std::string& into) override {
        if (what.of != nullptr && what.of->type != schema_type::bytes) {
            return data_problem(fmt::format("Invalid schema type for ByteArrayConverter: {}",
                                            java_name(what.of->type)));
        }
        if (what.what.is_null()) {
            return false;
        }
        if (what.what.kind() != value_kind::bytes) {
            return data_problem(
                fmt::format("ByteArrayConverter is not compatible with objects of type class {}",
                            java_class(what.what)));
        }
        into += what.what.text();
        return true;
    }
};

struct number_form {
    std::string_view name; // in sentences
    value_kind kind;
    std::size_t size;
};

number_form form_of(schema_type type) noexcept {
    switch (type) {
    case schema_type::int16:
        return {"short", value_kind::int16, 2};
    case schema_type::int32:
        return {"integer", value_kind::int32, 4};
    case schema_type::int64:
        return {"long", value_kind::int64, 8};
    case schema_type::float32:
        return {"float", value_kind::float32, 4};
    case schema_type::float64:
        return {"double", value_kind::float64, 8};
    default:
        return {"boolean", value_kind::boolean, 1};
    }
}

class numbers final : public converter {
public:
    explicit numbers(schema_type type) : of_{plain_schema(type, true)}, form_{form_of(type)} {}

private:
    outcome<data> read(std::optional<std::string_view> bytes, arena&) override {
        if (!bytes) {
            return data{of_, {}};
        }
        bool const truth = form_.kind == value_kind::boolean;
        if (bytes->size() != form_.size || (truth && static_cast<unsigned char>((*bytes)[0]) > 1)) {
            return data_problem(fmt::format("Failed to deserialize {}: ", form_.name));
        }
        char const* const at = bytes->data();
        switch (form_.kind) {
        case value_kind::boolean:
            return data{of_, value::of_boolean(*at != 0)};
        case value_kind::float32:
            return data{of_, value::of_real(form_.kind, double{std::bit_cast<float>(
                                                            load_big_endian<std::uint32_t>(at))})};
        case value_kind::float64:
            return data{of_, value::of_real(form_.kind, std::bit_cast<double>(
                                                            load_big_endian<std::uint64_t>(at)))};
        case value_kind::int16:
            return integer(static_cast<std::int16_t>(load_big_endian<std::uint16_t>(at)));
        case value_kind::int32:
            return integer(static_cast<std::int32_t>(load_big_endian<std::uint32_t>(at)));
        default:
            return integer(static_cast<std::int64_t>(load_big_endian<std::uint64_t>(at)));
        }
    }

    [[nodiscard]] data integer(std::int64_t number) const {
        return {of_, value::of_integer(form_.kind, number)};
    }

    outcome<bool> write(data const& what, std::string& into) override {
        bool const truth = form_.kind == value_kind::boolean;
        if (truth && what.of != nullptr && what.of->type != schema_type::boolean) {
            return data_problem(fmt::format("Invalid schema type for BooleanConverter: {}",
                                            java_name(what.of->type)));
        }
        if (what.what.is_null()) {
            return false;
        }
        if (truth && what.what.kind() != form_.kind) {
            return data_problem(
                fmt::format("BooleanConverter is not compatible with objects of type class {}",
                            java_class(what.what)));
        }
        if (what.what.kind() != form_.kind) {
            return data_problem(fmt::format(
                "Failed to serialize to {} (was class {}): ", form_.name, java_class(what.what)));
        }
        std::uint64_t bits = 0;
        if (form_.kind == value_kind::float32) {
            bits = std::bit_cast<std::uint32_t>(static_cast<float>(what.what.real()));
        } else if (form_.kind == value_kind::float64) {
            bits = std::bit_cast<std::uint64_t>(what.what.real());
        } else {
            bits = static_cast<std::uint64_t>(what.what.number());
        }
        std::array<char, 8> all{};
        store_big_endian(all.data(), bits);
        into.append(all.data() + all.size() - form_.size, form_.size);
        return true;
    }

    schema_ptr of_;
    number_form form_;
};

class json final : public converter {
public:
    json(json_options in, json_form out) : reader_{in}, writer_{out} {}

private:
    outcome<data> read(std::optional<std::string_view> bytes, arena& memory) override {
        return bytes ? reader_.read(*bytes, memory) : outcome<data>{data{}};
    }
    outcome<bool> write(data const& what, std::string& into) override {
        return writer_.write(what, into);
    }

    json_reader reader_;
    json_writer writer_;
};

class simple_headers final : public converter {
    outcome<data> read(std::optional<std::string_view> bytes, arena& memory) override {
        return bytes ? parse_literal(*bytes, memory) : data{};
    }
    outcome<bool> write(data const& what, std::string& into) override {
        if (what.what.is_null()) {
            return false;
        }
        into += text_of(what.what);
        return true;
    }
};

} // namespace

std::optional<std::string> java_string(value const& of) {
    std::string made;
    return append(of, made) ? std::optional{std::move(made)} : std::nullopt;
}

std::unique_ptr<converter> string_converter() {
    return std::make_unique<strings>();
}
std::unique_ptr<converter> byte_array_converter() {
    return std::make_unique<byte_arrays>();
}
std::unique_ptr<converter> number_converter(schema_type type) {
    return std::make_unique<numbers>(type);
}
std::unique_ptr<converter> json_converter(json_options in, json_form out) {
    return std::make_unique<json>(in, out);
}
std::unique_ptr<converter> simple_header_converter() {
    return std::make_unique<simple_headers>();
}

} // namespace tandem::connect
