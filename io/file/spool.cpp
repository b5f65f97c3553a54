#include "io/file/spool.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace tandem::io {
namespace {

using length = std::uint32_t; // in front of every record
constexpr std::size_t buffer_size = std::size_t{256} << 10;

boost::system::error_code last_error() noexcept {
    return {errno, boost::system::generic_category()};
}

} // namespace

file_result<spool> spool::make(std::string const& folder) {
    int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) { // not on this file system
        std::string name = folder + "/tandem-spool-XXXXXX";
        file = ::mkostemp(name.data(), O_CLOEXEC);
        if (file >= 0) {
            ::unlink(name.c_str());
        }
    }
    if (file < 0) {
        return last_error();
    }
    return spool{file};
}

spool::~spool() {
    close();
}

spool::spool(spool&& other) noexcept
    : file_{std::exchange(other.file_, -1)},
      written_{other.written_},
      read_{other.read_},
      buffer_{std::move(other.buffer_)},
      at_{other.at_} {}

spool& spool::operator=(spool&& other) noexcept {
    if (this != &other) {
        close();
        file_ = std::exchange(other.file_, -1);
        written_ = other.written_;
        read_ = other.read_;
        buffer_ = std::move(other.buffer_);
        at_ = other.at_;
    }
    return *this;
}

void spool::close() noexcept {
    if (file_ >= 0) {
        ::close(file_);
    }
}

file_result<void> spool::append(std::string_view record) {
    auto const size = static_cast<length>(record.size());
    char prefix[sizeof size];
    std::memcpy(prefix, &size, sizeof size);
    buffer_.insert(buffer_.end(), std::begin(prefix), std::end(prefix));
    buffer_.insert(buffer_.end(), record.begin(), record.end());
    if (buffer_.size() < buffer_size) {
        return boost::system::in_place_value;
    }
    auto const wrote = write();
    buffer_.clear();
    return wrote;
}

file_result<void> spool::flush() {
    auto const wrote = write();
    buffer_ = {};
    return wrote;
}

file_result<void> spool::write() {
    std::size_t done = 0;
    while (done < buffer_.size()) {
        auto const put = ::pwrite(file_, buffer_.data() + done, buffer_.size() - done,
                                  static_cast<off_t>(written_));
        if (put < 0 && errno != EINTR) {
            return last_error();
        }
        done += static_cast<std::size_t>(std::max<ssize_t>(put, 0));
        written_ += static_cast<std::uint64_t>(std::max<ssize_t>(put, 0));
    }
    return boost::system::in_place_value;
}

file_result<void> spool::rewind() {
    return flush();
}

// At least that many bytes from at_ on, which is then where the buffer begins.
file_result<void> spool::fill(std::size_t needed) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ = 0;
    std::size_t have = buffer_.size();
    buffer_.resize(std::max(needed, buffer_size));
    while (have < buffer_.size() && read_ < written_) {
        auto const got =
            ::pread(file_, buffer_.data() + have, buffer_.size() - have, static_cast<off_t>(read_));
        if (got < 0 && errno != EINTR) {
            return last_error();
        }
        if (got == 0) {
            break;
        }
        have += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
        read_ += static_cast<std::uint64_t>(std::max<ssize_t>(got, 0));
    }
    buffer_.resize(have);
    if (have < needed) { // somebody else has shortened the file
        return boost::system::error_code{EIO, boost::system::generic_category()};
    }
    return boost::system::in_place_value;
}

file_result<std::optional<std::string_view>> spool::next() {
    std::size_t const have = buffer_.size() - at_;
    if (have == 0 && read_ == written_) {
        return std::optional<std::string_view>{};
    }
    length size = 0;
    if (have < sizeof size) {
        if (auto const filled = fill(sizeof size); !filled) {
            return filled.error();
        }
    }
    std::memcpy(&size, buffer_.data() + at_, sizeof size);
    if (buffer_.size() - at_ < sizeof size + size) {
        if (auto const filled = fill(sizeof size + size); !filled) {
            return filled.error();
        }
    }
    std::string_view const record{buffer_.data() + at_ + sizeof size, size};
    at_ += sizeof size + size;
    return std::optional{record};
}

} // namespace tandem::io
