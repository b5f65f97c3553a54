#include "engine/flow/failure.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace tandem::engine {

void throw_exception_from_error(failure const& failed, boost::source_location const& /*where*/) {
    throw std::runtime_error{failed.reason};
}

bool passes_by_itself(io::pg::error const& error) noexcept {
    return error.code != io::pg::errc::server_error ||
           error.classify() == io::pg::retry_class::transient || error.sqlstate.starts_with("TD00");
}

failure retry_after(std::string const& node, std::string const& doing, io::pg::error const& error) {
    auto const state =
        error.sqlstate.empty() ? std::string{} : fmt::format(" ({})", error.sqlstate);
    return {next_step::retry, fmt::format("node {}: {}: {}{}", node, doing, error.message, state)};
}

failure retry_after(std::string const& doing, io::kafka::error const& error) {
    auto const name = error.name.empty() ? std::string{} : fmt::format(" ({})", error.name);
    return {next_step::retry, fmt::format("Kafka: {}: {}{}", doing, error.message, name)};
}

} // namespace tandem::engine
