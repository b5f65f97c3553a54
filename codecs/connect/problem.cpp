#include "codecs/connect/problem.hpp"

#include <stdexcept>

namespace tandem::connect {

std::string_view java_class(problem_kind kind) noexcept {
    switch (kind) {
    case problem_kind::data:
        return "org.apache.kafka.connect.errors.DataException";
    case problem_kind::connect:
        return "org.apache.kafka.connect.errors.ConnectException";
    case problem_kind::config:
        return "org.apache.kafka.common.config.ConfigException";
    case problem_kind::illegal_argument:
        return "java.lang.IllegalArgumentException";
    case problem_kind::null_pointer:
        return "java.lang.NullPointerException";
    case problem_kind::schema_builder:
        return "org.apache.kafka.connect.errors.SchemaBuilderException";
    case problem_kind::index_out_of_bounds:
        return "java.lang.IndexOutOfBoundsException";
    case problem_kind::debezium:
        break;
    }
    return "io.debezium.DebeziumException";
}

void throw_exception_from_error(problem const& error, boost::source_location const&) {
    throw std::runtime_error{error.what};
}

} // namespace tandem::connect
