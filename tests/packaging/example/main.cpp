// Reads where a server's log is, as tandem does: a connection as coroutines (tandem::io), a position as a type
// (tandem::codecs). `example URI` prints it; without a URI the position of its own that it can read.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <codecs/base/lsn.hpp>
#include <io/pg/connection.hpp>

#include <cstdio>
#include <string>

namespace {

tandem::io::awaitable<int> show(std::string uri) {
    auto const executor = co_await boost::asio::this_coro::executor;
    tandem::io::pg::connect_options how;
    how.conninfo = uri;
    auto opened = co_await tandem::io::pg::connection::open(executor, how);
    if (!opened) {
        std::fprintf(stderr, "%s\n", opened.error().message.c_str());
        co_return 3;
    }
    std::string const question = "SELECT pg_current_wal_lsn()";
    auto const answer = co_await (*opened)->execute(question);
    if (!answer) {
        std::fprintf(stderr, "%s\n", answer.error().message.c_str());
        co_return 1;
    }
    auto const at = tandem::lsn::parse(answer->text(0, 0));
    std::printf("%s\n", at ? to_string(*at).c_str() : "no position");
    co_return at ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::printf("%s\n", to_string(*tandem::lsn::parse("16/B374D848")).c_str());
        return 0;
    }
    boost::asio::io_context context{1};
    auto ended = boost::asio::co_spawn(context, show(argv[1]), boost::asio::use_future);
    context.run();
    return ended.get();
}
