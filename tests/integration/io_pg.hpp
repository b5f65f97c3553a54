#pragma once
// What the tests of io/pg share: the server under test and a connection to it.

#include "io/pg/connection.hpp"
#include "tests/support/event_loop.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

namespace tandem::test {

// A test without a server fails: SetUp() says why.
class pg_test : public testing::Test {
protected:
    void SetUp() override {
        char const* uri = std::getenv("TANDEM_TEST_PG_URI");
        ASSERT_NE(uri, nullptr) << "TANDEM_TEST_PG_URI names no server";
        uri_ = uri;
    }

    [[nodiscard]] io::pg::connect_options options() const {
        io::pg::connect_options set;
        set.conninfo = uri_;
        return set;
    }

    io::pg::result<std::unique_ptr<io::pg::connection>> try_open(io::pg::connect_options set) {
        return loop_.run(io::pg::connection::open(loop_.executor(), std::move(set)));
    }

    std::unique_ptr<io::pg::connection> open() { return must(try_open(options())); }

    std::unique_ptr<io::pg::connection> open_replication() {
        auto set = options();
        set.parameters.emplace_back("replication", "database");
        return must(try_open(std::move(set)));
    }

    io::pg::rows execute(io::pg::connection& link, std::string sql) {
        return must(loop_.run(link.execute(std::move(sql))));
    }

    // The single text of a one-row, one-column query.
    std::string text(io::pg::connection& link, std::string sql) {
        auto const answer = execute(link, std::move(sql));
        return answer.empty() ? std::string{} : std::string{answer.text(0, 0)};
    }

    // True as soon as the query's single text is `expected`, false after a while.
    bool becomes(io::pg::connection& link, std::string const& sql, std::string const& expected) {
        auto const limit = std::chrono::steady_clock::now() + std::chrono::seconds{30};
        while (std::chrono::steady_clock::now() < limit) {
            if (text(link, sql) == expected) {
                return true;
            }
        }
        return false;
    }

    std::string uri_;
    event_loop loop_;
};

} // namespace tandem::test
