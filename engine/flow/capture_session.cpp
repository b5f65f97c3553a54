#include "engine/flow/capture_session.hpp"

#include "engine/core/names.hpp"
#include "engine/flow/sessions.hpp"

#include <utility>

namespace tandem::engine {

io::awaitable<outcome_of<std::unique_ptr<io::pg::replication_stream>>> open_capture_session(
    direction_setup const& setup, capture_way way) {
    session_request request;
    request.node = setup.source;
    request.kind = session_kind::replication;
    request.application_name = "tandem capture " + setup.target.name;
    auto const executor = co_await io::asio::this_coro::executor;
    auto walsender = co_await open_session(executor, request);
    if (!walsender) {
        co_return walsender.error();
    }
    auto stream = std::make_unique<io::pg::replication_stream>(std::move(*walsender));
    io::pg::stream_options options;
    options.slot = slot_of(setup);
    options.publications.push_back(setup.publication.empty() ? std::string{publication_name}
                                                             : setup.publication);
    options.binary = way.binary;
    options.messages = setup.source_version >= 140000;
    options.origin_none = way.origin_none;
    options.streaming = way.streaming;
    auto started = co_await stream->start(options);
    if (!started) {
        co_return retry_after(setup.source.name, "starting replication", started.error());
    }
    co_return stream;
}

} // namespace tandem::engine
