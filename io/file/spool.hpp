#pragma once
// Records that are too many for memory, kept in a file until they are read: written once, then read once, in
// the order in which they came.

#include <boost/system/result.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::io {

template <class T>
using file_result = boost::system::result<T>; // the error is errno's

// Owns a file without a name: it is gone when the spool is, however the process ends. Writing and reading go
// through the page cache and block for as long as that does. Not thread-safe.
class spool {
public:
    // In a folder that exists and may be written to, with room on its disk.
    [[nodiscard]] static file_result<spool> make(std::string const& folder);
    ~spool();
    spool(spool&& other) noexcept;
    spool& operator=(spool&& other) noexcept;
    spool(spool const&) = delete;
    spool& operator=(spool const&) = delete;

    // Takes the record into the buffer, which is written when it is full. After an error the spool is of no
    // use any more.
    [[nodiscard]] file_result<void> append(std::string_view record);
    // Writes what is in the buffer and gives its memory back: for a pause of unknown length.
    [[nodiscard]] file_result<void> flush();
    // What append() took so far, in the buffer or in the file.
    [[nodiscard]] std::uint64_t bytes() const noexcept { return written_ + buffer_.size(); }

    // Ends writing; next() begins with the first record.
    [[nodiscard]] file_result<void> rewind();
    // The next record, valid until the following call; none at the end.
    [[nodiscard]] file_result<std::optional<std::string_view>> next();

private:
    explicit spool(int file) noexcept : file_{file} {}
    [[nodiscard]] file_result<void> write();
    [[nodiscard]] file_result<void> fill(std::size_t needed);
    void close() noexcept;

    int file_;
    std::uint64_t written_ = 0; // bytes in the file
    std::uint64_t read_ = 0;    // of them taken into the buffer
    std::vector<char> buffer_;  // to be written; then what was read
    std::size_t at_ = 0;        // where in the buffer the next record begins
};

} // namespace tandem::io
