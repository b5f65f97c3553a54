#include "engine/core/dead_letter.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::engine {
namespace {

std::string_view exception_of(letter_cause cause) noexcept {
    switch (cause) {
    case letter_cause::bad_headers:
        return "tandem.BadHeaders";
    case letter_cause::other_stream:
        return "tandem.OtherStream";
    case letter_cause::unannounced:
        return "tandem.UnannouncedWriter";
    case letter_cause::bad_note:
        return "tandem.BadNote";
    case letter_cause::bad_value:
        return "tandem.BadValue";
    }
    return {};
}

// One of org.apache.kafka.connect.runtime.errors.Stage.
std::string_view stage_of(letter_cause cause) noexcept {
    switch (cause) {
    case letter_cause::bad_headers:
    case letter_cause::bad_note:
        return "HEADER_CONVERTER";
    case letter_cause::other_stream:
    case letter_cause::unannounced:
        return "TASK_PUT";
    case letter_cause::bad_value:
        return "VALUE_CONVERTER";
    }
    return {};
}

} // namespace

std::vector<std::pair<std::string, std::string>> error_headers(
    dead_letter const& letter, std::span<std::string_view const> names) {
    constexpr std::string_view prefix = "__connect.errors.";
    std::string const exception{exception_of(letter.cause)};
    std::vector<std::pair<std::string, std::string>> made{
        {"topic", letter.topic},
        {"partition", std::to_string(letter.partition)},
        {"offset", std::to_string(letter.offset)},
        {"connector.name", letter.direction},
        {"task.id", "0"},
        {"stage", std::string{stage_of(letter.cause)}},
        {"class.name", "tandem.LogReader"},
        {"exception.class.name", exception},
        {"exception.message", letter.message},
        {"exception.stacktrace",
         fmt::format("{}: {}\n\tat tandem.LogReader({} [{}] offset {})\n", exception,
                     letter.message, letter.topic, letter.partition, letter.offset)},
    };
    for (auto& [name, value] : made) {
        name.insert(0, prefix);
    }
    std::erase_if(made, [&](auto const& header) {
        return std::ranges::find(names, header.first) != names.end();
    });
    return made;
}

} // namespace tandem::engine
