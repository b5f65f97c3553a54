// decode_headers() on any headers: what it accepts, written again, has the same values; what it refuses it names
// with a place inside the header. Input: headers one behind the other, each as a byte for the name (one of ours, or
// the length of another, which follows), a byte for the value's length, the value.
#include "codecs/event/headers.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

namespace tandem::event {
namespace {

constexpr std::string_view own_names[] = {"origin",      "tandem.stream", "tandem.epoch",
                                          "tandem.pos",  "tandem.prev",   "tandem.values",
                                          "tandem.more", "foreign",       "tandem.note"};

// Takes so many bytes, or what is left.
std::string_view take(std::string_view& input, std::size_t size) {
    std::string_view const taken = input.substr(0, size);
    input.remove_prefix(taken.size());
    return taken;
}

std::size_t number(std::string_view& input) {
    std::string_view const byte = take(input, 1);
    return byte.empty() ? 0 : static_cast<unsigned char>(byte.front());
}

// Texts on buffers of exactly their size, for the sanitizer.
class headers {
public:
    explicit headers(std::string_view input) {
        while (!input.empty()) {
            std::size_t const name = number(input);
            std::string_view const text = name < std::size(own_names)
                                              ? own_names[name]
                                              : kept(take(input, name - std::size(own_names)));
            std::size_t const size = number(input);
            all_.push_back({text, kept(take(input, size))});
        }
    }
    [[nodiscard]] std::span<record_header const> all() const { return all_; }

private:
    std::string_view kept(std::string_view bytes) {
        auto& copy = bytes_.emplace_back(new char[bytes.size()]);
        bytes.copy(copy.get(), bytes.size());
        return {copy.get(), bytes.size()};
    }

    std::vector<std::unique_ptr<char[]>> bytes_;
    std::vector<record_header> all_;
};

void expect(bool met) {
    if (!met) {
        std::abort();
    }
}

void check_refusal(header_error const& error, std::span<record_header const> given) {
    expect(error.code != header_errc::ok);
    if (error.code == header_errc::missing) {
        expect(error.header == given.size() && error.which != header_name::none);
        return;
    }
    expect(error.header < given.size());
    record_header const& named = given[error.header];
    if (error.code == header_errc::unknown) {
        expect(error.which == header_name::none && has_own_headers({&named, 1}));
        expect(error.offset <= named.name.size());
    } else {
        expect(named.name == text_of(error.which) && error.offset <= named.value.size());
    }
}

void check(std::string_view input) {
    headers const given{input};
    auto const read = decode_headers(given.all());
    if (!read) {
        return check_refusal(read.error(), given.all());
    }
    expect(has_own_headers(given.all()) && read->position >= read->previous);
    arena into;
    auto const again = encode_headers(*read, into);
    std::size_t found = 0;
    for (record_header const& each : again.all()) {
        for (record_header const& one : given.all()) {
            if (one.name == each.name) {
                expect(one.value == each.value);
                ++found;
            }
        }
    }
    expect(found == again.all().size());
    auto const twice = decode_headers(again.all());
    expect(twice.has_value() && *twice == *read);
}

} // namespace
} // namespace tandem::event

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    tandem::event::check({reinterpret_cast<char const*>(data), size});
    return 0;
}
