#pragma once
// Every path of the API, as it is shown to people: GET /api/v1/paths, and the reference that is made of it.

#include <span>
#include <string>
#include <string_view>

namespace tandem::console {

struct served_path {
    std::string_view method; // GET or POST
    std::string_view path;
    std::string_view query; // what it may be asked with: "table=&limit="
    std::string_view body;  // an example, of a POST
    std::string_view says;
};

[[nodiscard]] std::span<served_path const> served_paths() noexcept;
// Takes a POST.
[[nodiscard]] bool changes_something(std::string_view path) noexcept;
[[nodiscard]] std::string paths_json();

} // namespace tandem::console
