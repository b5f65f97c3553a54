#pragma once
// Which records are looked for. Pure.

#include "engine/admin/search_demand.hpp"
#include "io/kafka/header.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tandem::engine {

class topic_search {
public:
    // `key`: bytes that the record's key has in it. `pattern`: a POSIX extended regular expression (as
    // grep -E) over bytes, found in the key, in the value or in a header as name=value; each is read once.
    // Empty: anything goes. Throws config_error for what is no such expression, and for \1 to \9: nothing
    // bounds the time a back-reference takes.
    topic_search(std::string key, std::string const& pattern);
    ~topic_search();
    topic_search(topic_search const&) = delete;
    topic_search& operator=(topic_search const&) = delete;

    [[nodiscard]] bool everything() const noexcept { return key_.empty() && !compiled_; }
    [[nodiscard]] bool needs_headers() const noexcept { return compiled_ != nullptr; }
    [[nodiscard]] bool matches(std::optional<std::string_view> key,
                               std::optional<std::string_view> value,
                               std::span<io::kafka::header const> headers);

private:
    struct expression;
    [[nodiscard]] bool found_in(std::optional<std::string_view> text) const noexcept;

    std::string key_;
    std::unique_ptr<expression> compiled_;
    search_demand demand_;
    std::string pair_; // room for name=value
};

} // namespace tandem::engine
