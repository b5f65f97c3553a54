#pragma once
// A few connections to the instance's own database, opened when they are needed.
//
// One executor thread. Outlives the questions that are being asked.

#include "io/pg/connection.hpp"
#include "io/runtime/event.hpp"
#include "tools/chat/service/asked.hpp"

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <vector>

namespace tandem::chat {

namespace asio = boost::asio;
using io::awaitable;

class database {
public:
    database(asio::any_io_executor executor, std::string conninfo)
        : executor_{std::move(executor)}, conninfo_{std::move(conninfo)} {}

    // One statement that may be run again: a connection that turns out to be lost, which all do when the server restarts,
    // is replaced once. A server that is not there is a 503, as is a wait of more than 5 s for a free connection.
    // What the server itself answers with an error is a 500; its SQLSTATE is in `sqlstate`, else it is logged.
    // Without values it may be several statements, which are one transaction.
    [[nodiscard]] awaitable<answer<io::pg::rows>> ask(std::string sql, io::pg::parameters values,
                                                      std::string* sqlstate = nullptr);

private:
    static constexpr std::size_t connections_most = 4;
    using link = std::unique_ptr<io::pg::connection>;

    // A place among the connections; given back when it ends, with the connection in it if that is still good.
    class place;

    [[nodiscard]] awaitable<bool> await_place();
    [[nodiscard]] awaitable<io::pg::result<link>> open();
    [[nodiscard]] awaitable<io::pg::result<io::pg::rows>> try_once(std::string sql,
                                                                   io::pg::parameters values);
    void give_back(link held);

    asio::any_io_executor executor_;
    std::string conninfo_;
    std::vector<link> idle_;
    std::size_t taken_ = 0; // places, each with a connection or about to have one
    std::list<io::event*> waiting_;
};

} // namespace tandem::chat
