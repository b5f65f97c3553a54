#include "io/pg/connection.hpp"

#include <charconv>

namespace tandem::io::pg {

namespace {

long long number(std::string_view text) noexcept {
    long long value = 0;
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failed == std::errc{} && end == text.data() + text.size() ? value : 0;
}

} // namespace

bool rows::null(int row, int column) const noexcept {
    return !held_ || PQgetisnull(held_.get(), row, column) != 0;
}

std::string_view rows::text(int row, int column) const noexcept {
    if (null(row, column)) {
        return {};
    }
    auto const length = static_cast<std::size_t>(PQgetlength(held_.get(), row, column));
    return {PQgetvalue(held_.get(), row, column), length};
}

std::optional<std::string> rows::optional(int row, int column) const {
    if (null(row, column)) {
        return std::nullopt;
    }
    return std::string{text(row, column)};
}

long long rows::integer(int row, int column) const noexcept {
    return number(text(row, column));
}

bool rows::boolean(int row, int column) const noexcept {
    return text(row, column) == "t";
}

long long rows::affected() const noexcept {
    return held_ ? number(PQcmdTuples(held_.get())) : 0;
}

} // namespace tandem::io::pg
