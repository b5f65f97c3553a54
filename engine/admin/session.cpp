#include "engine/admin/session.hpp"

#include "engine/admin/failure.hpp"

namespace tandem::engine {

std::vector<std::pair<std::string, std::string>> value_settings() {
    return {
        {"client_encoding", "UTF8"},
        {"DateStyle", "ISO, YMD"},
        {"IntervalStyle", "postgres"},
        {"TimeZone", "UTC"},
        {"extra_float_digits", "3"},
        {"bytea_output", "hex"},
        {"xmloption", "content"},
        {"lc_monetary", "C"},
        {"search_path", "pg_catalog"},
        {"standard_conforming_strings", "on"},
        {"quote_all_identifiers", "off"}, // also changes what format_type() says
        {"array_nulls", "on"},
        {"transform_null_equals", "off"},
        {"client_min_messages", "warning"},
        {"default_transaction_read_only", "off"},
        {"default_transaction_isolation", "read committed"},
        {"statement_timeout", "0"},
        {"idle_in_transaction_session_timeout", "0"},
        // Statements that read a whole table or catalog once: compiling them takes a core for a moment, and saves less.
        {"jit", "off"},
        // A policy must not hide rows from us in silence: reading them is an error instead.
        {"row_security", "off"},
    };
}

awaitable<session> session::open(io::asio::any_io_executor executor, node_options node,
                                 std::string replication) {
    io::pg::connect_options options;
    options.conninfo = node.uri;
    options.parameters.emplace_back("application_name", "tandem");
    if (!replication.empty()) {
        options.parameters.emplace_back("replication", replication);
    }
    options.settings = value_settings();
    auto opening = io::pg::connection::open(std::move(executor), std::move(options));
    auto opened = co_await std::move(opening);
    if (!opened) {
        throw database_failure(node.name, "connecting", opened.error());
    }
    session made{std::move(node.name), std::move(*opened)};
    co_return made;
}

awaitable<io::pg::rows> session::run(std::string sql, std::string doing) {
    auto running = link_->execute(std::move(sql));
    auto got = co_await std::move(running);
    if (!got) {
        throw database_failure(node_, doing, got.error());
    }
    co_return std::move(*got);
}

awaitable<io::pg::rows> session::ask(std::string sql, io::pg::parameters values,
                                     std::string doing) {
    auto running = link_->query(std::move(sql), std::move(values));
    auto got = co_await std::move(running);
    if (!got) {
        throw database_failure(node_, doing, got.error());
    }
    co_return std::move(*got);
}

} // namespace tandem::engine
