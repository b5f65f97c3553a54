#pragma once
// Reads big-endian fields off a buffer without ever leaving it.

#include "codecs/base/big_endian.hpp"
#include "codecs/base/result.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tandem {

// A cursor over a borrowed buffer. The first error sticks: from then on nothing is left and every
// read yields zero or an empty view, so a decoder reads straight on and asks once, at its end, with
// finish(). A loop whose count came from the buffer must stop on failed().
class byte_reader {
public:
    explicit byte_reader(std::string_view bytes) noexcept
        : begin_{bytes.data()}, at_{begin_}, end_{begin_ + bytes.size()} {}

    [[nodiscard]] std::uint8_t u8() noexcept { return number<std::uint8_t>(); }
    [[nodiscard]] std::uint16_t u16() noexcept { return number<std::uint16_t>(); }
    [[nodiscard]] std::uint32_t u32() noexcept { return number<std::uint32_t>(); }
    [[nodiscard]] std::uint64_t u64() noexcept { return number<std::uint64_t>(); }
    [[nodiscard]] std::int32_t i32() noexcept { return static_cast<std::int32_t>(u32()); }
    [[nodiscard]] std::int64_t i64() noexcept { return static_cast<std::int64_t>(u64()); }

    // A byte that must be 0 or 1.
    [[nodiscard]] bool flag() noexcept {
        std::uint8_t const value = u8();
        if (value > 1) {
            fail(codec_errc::bad_value, 1);
        }
        return value == 1;
    }

    // The text before the next zero byte, which is passed over.
    [[nodiscard]] std::string_view zero_terminated() noexcept {
        void const* const zero = at_ == end_ ? nullptr : std::memchr(at_, 0, left());
        if (zero == nullptr) {
            fail(codec_errc::bad_string);
            return {};
        }
        std::string_view const text{at_, static_cast<char const*>(zero)};
        at_ += text.size() + 1;
        return text;
    }

    [[nodiscard]] std::string_view bytes(std::uint64_t count) noexcept {
        if (count > left()) {
            fail(codec_errc::bad_length);
            return {};
        }
        std::string_view const taken{at_, static_cast<std::size_t>(count)};
        at_ += taken.size();
        return taken;
    }

    [[nodiscard]] std::string_view rest() noexcept { return bytes(left()); }

    // For a decoder that walks on its own: it has looked at nothing beyond at() + left().
    [[nodiscard]] char const* at() const noexcept { return at_; }
    void skip(std::size_t count) noexcept { static_cast<void>(bytes(count)); }

    // `back`: the field that is wrong began so many bytes before what is read next.
    void fail(codec_errc code, std::size_t back = 0) noexcept {
        if (!failed()) {
            error_ = {code, static_cast<std::uint32_t>(offset() - back)};
        }
        at_ = end_;
    }

    [[nodiscard]] bool failed() const noexcept { return error_.code != codec_errc::ok; }
    [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
    // How many bytes lie before the next field.
    [[nodiscard]] std::size_t offset() const noexcept {
        return static_cast<std::size_t>(at_ - begin_);
    }

    // The verdict on the whole buffer: nothing failed and nothing is left.
    [[nodiscard]] codec_error finish() const noexcept {
        if (at_ != end_) {
            return {codec_errc::trailing_bytes, static_cast<std::uint32_t>(offset())};
        }
        return error_;
    }

private:
    template <std::unsigned_integral T>
    [[nodiscard]] T number() noexcept {
        if (left() < sizeof(T)) {
            fail(codec_errc::truncated);
            return 0;
        }
        T const value = load_big_endian<T>(at_);
        at_ += sizeof(T);
        return value;
    }

    char const* begin_;
    char const* at_;
    char const* end_;
    codec_error error_;
};

} // namespace tandem
