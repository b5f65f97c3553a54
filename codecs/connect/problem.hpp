#pragma once
// What is wrong with a record or a configuration, as Kafka Connect would say it: the class that it throws and its
// sentence, which is what its users search for and what dead letters carry.

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace tandem::connect {

enum class problem_kind : std::uint8_t {
    data,             // the record
    connect,          // anything else that Connect itself finds
    config,           // a configuration
    illegal_argument, // what Java's libraries say
    null_pointer,
    schema_builder, // a schema that cannot be
    index_out_of_bounds,
    debezium, // what Debezium's own parts say
};

struct problem {
    problem_kind kind = problem_kind::data;
    std::string what;

    friend bool operator==(problem const&, problem const&) = default;
};

// "org.apache.kafka.connect.errors.DataException"
[[nodiscard]] std::string_view java_class(problem_kind kind) noexcept;

// For result::value(), which nothing here calls. Throws std::runtime_error.
[[noreturn]] void throw_exception_from_error(problem const& error,
                                             boost::source_location const& at);

// Of an outcome<bool>: `x ? other : x` makes a bool of x where it is a variable, and its error is lost; use `if`.
template <class T>
using outcome = boost::system::result<T, problem>;

[[nodiscard]] inline problem data_problem(std::string what) {
    return {problem_kind::data, std::move(what)};
}

} // namespace tandem::connect
