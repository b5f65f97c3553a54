#include "io/pg/connection.hpp"

#include "io/pg/conninfo.hpp"
#include "io/runtime/deadline.hpp"
#include "io/runtime/race.hpp"

#include <fmt/format.h>

#include <new>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace tandem::io::pg {

namespace {

void drop_notice(void*, PGresult const*) {}

// libpq adds "\n\tThis probably means the server terminated abnormally ..." and the like.
std::string first_line(char const* text) {
    std::string_view const whole = text != nullptr ? text : "";
    return std::string{whole.substr(0, whole.find('\n'))};
}

error make_error(errc code, std::string message) {
    error failed;
    failed.code = code;
    failed.message = std::move(message);
    return failed;
}

error waiting_failed(boost::system::error_code const& why) {
    if (why == asio::error::operation_aborted) {
        return make_error(errc::cancelled, "the wait for the server was cancelled");
    }
    return make_error(errc::connection_lost, "the connection to the server is closed");
}

// Defaults come first, so that the user's conninfo overrides them; what we need comes last.
PGconn* start(connect_options const& set) {
    auto const options = startup_options(set.conninfo, set.settings);
    // A vanished host is noticed within half a minute instead of after the kernel's two hours.
    std::vector<char const*> names{"keepalives_idle", "keepalives_interval", "keepalives_count",
                                   "dbname"};
    std::vector<char const*> values{"15", "5", "3", set.conninfo.c_str()};
    for (auto const& [name, value] : set.parameters) {
        names.push_back(name.c_str());
        values.push_back(value.c_str());
    }
    if (!options.empty()) {
        names.push_back("options");
        values.push_back(options.c_str());
    }
    names.push_back(nullptr);
    values.push_back(nullptr);
    return PQconnectStartParams(names.data(), values.data(), 1);
}

endpoint place_of(PGconn* handle) {
    char const* host = PQhost(handle);
    char const* port = PQport(handle);
    endpoint place;
    place.host = host != nullptr ? host : "";
    place.port = port != nullptr ? port : "";
    return place;
}

// Sets a flag as long as the frame lives, also when the coroutine is destroyed half-way.
class flag_guard {
public:
    explicit flag_guard(bool& flag) noexcept : flag_{flag} { flag_ = true; }
    ~flag_guard() { flag_ = false; }
    flag_guard(flag_guard const&) = delete;
    flag_guard& operator=(flag_guard const&) = delete;

private:
    bool& flag_;
};

} // namespace

connection::connection(asio::any_io_executor const& executor, PGconn* handle)
    : handle_{handle}, socket_{executor} {
    if (handle == nullptr) {
        throw std::bad_alloc{};
    }
    PQsetErrorVerbosity(handle, PQERRORS_VERBOSE); // until connected: only this form tells SQLSTATE
    PQsetNoticeReceiver(handle, drop_notice, nullptr);
}

connection::~connection() {
    unmute(); // so that the duplicate is closed
}

awaitable<result<std::unique_ptr<connection>>> connection::open(asio::any_io_executor executor,
                                                                connect_options options) {
    if (auto const problem = conninfo_problem(options.conninfo)) {
        co_return make_error(errc::bad_conninfo, *problem);
    }
    std::unique_ptr<connection> made{new connection{executor, start(options)}};
    auto const connected = co_await made->finish_connecting(options.timeout);
    if (!connected) {
        co_return connected.error();
    }
    PQsetErrorVerbosity(made->native(), PQERRORS_DEFAULT);
    if (PQsetnonblocking(made->native(), 1) != 0) {
        co_return made->last_error(errc::protocol);
    }
    co_return made;
}

awaitable<result<void>> connection::finish_connecting(std::chrono::milliseconds timeout) {
    deadline const limit{socket_.get_executor(), timeout, [this] { interrupt(); }};
    auto step = PQstatus(native()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    for (;;) {
        auto wanted = ready::read;
        switch (step) {
        case PGRES_POLLING_OK:
            co_return boost::system::in_place_value;
        case PGRES_POLLING_FAILED:
            co_return connect_error(PQerrorMessage(native()), place_of(native()));
        case PGRES_POLLING_WRITING:
            wanted = ready::write;
            break;
        case PGRES_POLLING_READING:
        case PGRES_POLLING_ACTIVE: // "unused" says libpq-fe.h
            break;
        }
        // Between two polls libpq may have gone on to another address, on another socket that may
        // well have the same number.
        if (!watch_socket()) {
            co_return make_error(errc::connect_failed,
                                 "no file descriptor is left to connect with");
        }
        auto const failed = co_await wait_for(wanted);
        if (limit.expired()) {
            co_return make_error(errc::timed_out,
                                 fmt::format("Connection to {} timed out after {} ms",
                                             to_string(place_of(native())), timeout.count()));
        }
        if (failed) {
            co_return waiting_failed(failed);
        }
        step = PQconnectPoll(native());
    }
}

bool connection::watch_socket() {
    boost::system::error_code ignored;
    socket_.close(ignored);
    int const duplicate = ::dup(PQsocket(native()));
    if (duplicate >= 0) {
        watch(duplicate);
    }
    return socket_.is_open();
}

void connection::watch(int descriptor) {
    boost::system::error_code failed;
    socket_.assign(descriptor, failed);
    if (failed) {
        ::close(descriptor); // waits then end as on a lost connection
    }
}

bool connection::mute() {
    if (sending_ || reading_ || interrupted_ || !socket_.is_open()) {
        return false;
    }
    muted_ = socket_.release();
    return true;
}

void connection::unmute() {
    if (muted_ >= 0) {
        watch(std::exchange(muted_, -1));
    }
}

awaitable<boost::system::error_code> connection::wait_for(ready what) {
    using descriptor = asio::posix::descriptor_base;
    if (what == ready::either) {
        auto reading = socket_.async_wait(descriptor::wait_read, asio::deferred);
        auto writing = socket_.async_wait(descriptor::wait_write, asio::deferred);
        auto const end = co_await race(std::move(reading), std::move(writing));
        co_return end.failed;
    }
    auto const wanted = what == ready::read ? descriptor::wait_read : descriptor::wait_write;
    auto const [failed] = co_await socket_.async_wait(wanted, use_tuple);
    co_return failed;
}

awaitable<result<void>> connection::wait_readable() {
    unmute();
    if (std::exchange(interrupted_, false)) {
        co_return waiting_failed(asio::error::operation_aborted);
    }
    if (std::exchange(input_taken_, false)) {
        co_return boost::system::in_place_value;
    }
    boost::system::error_code failed;
    {
        flag_guard const reading{reading_};
        failed = co_await wait_for(ready::read);
    }
    if (failed && !std::exchange(input_taken_, false)) {
        co_return waiting_failed(failed);
    }
    // Once only: a second read may meet the end of the connection, and libpq must be given the time
    // to interpret before that what has been read (see healthy()).
    if (PQconsumeInput(native()) == 0) {
        co_return lost();
    }
    co_return boost::system::in_place_value;
}

result<void> connection::take_input() {
    // Each call reads what libpq's buffer has room for, and the next one doubles the buffer: it soon
    // has the size of what usually waits, and then one call takes all.
    constexpr int calls_max = 3;
    for (int call = 0; call < calls_max; ++call) {
        if (PQconsumeInput(native()) == 0) {
            return lost();
        }
        if (!readable()) {
            break;
        }
    }
    return boost::system::in_place_value;
}

// Not FIONREAD: on a Unix socket that walks every queued message under the sender's lock.
bool connection::readable() const noexcept {
    pollfd asked{PQsocket(handle_.get()), POLLIN, 0};
    return asked.fd >= 0 && ::poll(&asked, 1, 0) > 0;
}

awaitable<result<void>> connection::flush() {
    for (;;) {
        int const left = PQflush(native());
        if (left == 0) {
            co_return boost::system::in_place_value;
        }
        if (left < 0) {
            co_return lost();
        }
        // The socket was full, and then libpq reads to free the server's hands: what it read wakes
        // nobody through epoll.
        wake_reader();
        unmute();
        boost::system::error_code failed;
        {
            flag_guard const sending{sending_};
            failed = co_await wait_for(reading_ ? ready::write : ready::either);
        }
        if (failed) {
            co_return waiting_failed(failed);
        }
        if (!reading_ && PQconsumeInput(native()) == 0) {
            co_return lost();
        }
    }
}

void connection::wake_reader() {
    input_taken_ = true;
    if (reading_) {
        socket_.cancel();
    }
}

void connection::interrupt() {
    interrupted_ = muted_ >= 0;        // the wait goes on when the pause is over, and ends then
    boost::system::error_code ignored; // a closed descriptor has no waits
    socket_.cancel(ignored);
}

error connection::lost() {
    auto failed = last_error(errc::connection_lost);
    if (PQstatus(native()) == CONNECTION_BAD) {
        unmute();
        boost::system::error_code ignored;
        socket_.close(
            ignored); // libpq has closed its own: whoever waits on ours would wait for ever
    }
    return failed;
}

awaitable<result<result_handle>> connection::next_result() {
    auto arrived = co_await flush();
    while (arrived && PQisBusy(native()) != 0) {
        arrived = co_await wait_readable();
    }
    bool const whole = healthy();
    if (!arrived && whole) {
        co_return arrived.error(); // cancelled: the command runs on, and PQgetResult would block
    }
    // On a lost connection it does not block: it gives what the server said last (57P01 when an
    // administrator ended the session), or libpq's own words. Nothing but an error is believed then.
    result_handle next{PQgetResult(native())};
    if (!whole && PQresultStatus(next.get()) != PGRES_FATAL_ERROR) {
        co_return lost();
    }
    co_return next;
}

awaitable<result<rows>> connection::collect() {
    result<rows> answer{rows{}};
    for (;;) {
        auto next = co_await next_result();
        if (!next) {
            co_return answer ? result<rows>{next.error()} : std::move(answer);
        }
        if (!*next) {
            co_return answer;
        }
        switch (PQresultStatus(next->get())) {
        case PGRES_TUPLES_OK:
        case PGRES_SINGLE_TUPLE:
        case PGRES_COMMAND_OK:
        case PGRES_EMPTY_QUERY:
            if (answer) {
                answer = rows{std::move(*next)};
            }
            break;
        case PGRES_COPY_IN:
            if (PQputCopyEnd(native(), "COPY FROM STDIN is not run this way") < 0) {
                co_return lost();
            }
            break;
        case PGRES_COPY_OUT:
        case PGRES_COPY_BOTH:
            co_return make_error(errc::protocol, "the statement answered with COPY data");
        case PGRES_NONFATAL_ERROR: // never returned by PQgetResult
        case PGRES_PIPELINE_SYNC:
        case PGRES_PIPELINE_ABORTED:
            co_return make_error(errc::protocol, "the connection is in pipeline mode");
        case PGRES_BAD_RESPONSE:
        case PGRES_FATAL_ERROR:
            if (answer) {
                answer = from_result(next->get());
            }
            break;
        }
    }
}

awaitable<result<rows>> connection::execute(std::string sql) {
    if (PQsendQuery(native(), sql.c_str()) == 0) {
        co_return lost();
    }
    co_return co_await collect();
}

awaitable<result<rows>> connection::query(std::string sql, parameters values) {
    std::vector<char const*> texts;
    texts.reserve(values.size());
    for (auto const& value : values) {
        texts.push_back(value ? value->c_str() : nullptr);
    }
    int const sent = PQsendQueryParams(native(), sql.c_str(), static_cast<int>(texts.size()),
                                       nullptr, texts.data(), nullptr, nullptr, 0);
    if (sent == 0) {
        co_return lost();
    }
    co_return co_await collect();
}

awaitable<result<rows>> connection::query(std::string const& sql, std::span<param const> values,
                                          bool binary) {
    std::vector<char const*> data;
    std::vector<int> lengths;
    std::vector<int> formats;
    for (auto const& value : values) {
        data.push_back(value.data);
        lengths.push_back(value.length);
        formats.push_back(value.binary ? 1 : 0);
    }
    int const sent =
        PQsendQueryParams(native(), sql.c_str(), static_cast<int>(data.size()), nullptr,
                          data.data(), lengths.data(), formats.data(), binary ? 1 : 0);
    if (sent == 0) {
        co_return lost();
    }
    co_return co_await collect();
}

awaitable<result<rows>> connection::copy_in(std::string sql, std::string_view data) {
    constexpr std::size_t message_most = std::size_t{1} << 18;
    if (PQsendQuery(native(), sql.c_str()) == 0) {
        co_return lost();
    }
    auto begun = co_await next_result();
    if (!begun) {
        co_return begun.error();
    }
    auto const status = PQresultStatus(begun->get());
    if (status != PGRES_COPY_IN) {
        auto rest = co_await collect();
        bool const refused = status == PGRES_FATAL_ERROR;
        co_return refused ? result<rows>{from_result(begun->get())} : std::move(rest);
    }
    while (!data.empty()) {
        auto const part = data.substr(0, message_most);
        if (PQputCopyData(native(), part.data(), static_cast<int>(part.size())) != 1) {
            co_return lost();
        }
        data.remove_prefix(part.size());
        auto sent = co_await flush();
        if (!sent) {
            co_return sent.error();
        }
    }
    if (PQputCopyEnd(native(), nullptr) != 1) {
        co_return lost();
    }
    co_return co_await collect();
}

void connection::request_cancel() {
    PGcancel* const key = PQgetCancel(native());
    if (key == nullptr) {
        return; // not connected any more: nothing runs
    }
    auto const ask = [key] {
        char complaint[256];
        PQcancel(key, complaint, sizeof complaint);
        PQfreeCancel(key);
    };
    try {
        std::thread{ask}.detach();
    } catch (std::system_error const&) {
        PQfreeCancel(key); // no thread to be had: the statement goes on, as after a cancel too late
    }
}

int connection::server_version() const noexcept {
    return PQserverVersion(handle_.get());
}

std::string connection::parameter(char const* name) const {
    char const* value = PQparameterStatus(handle_.get(), name);
    return value != nullptr ? value : "";
}

bool connection::healthy() const noexcept {
    return PQstatus(handle_.get()) == CONNECTION_OK;
}

int connection::backend_pid() const noexcept {
    return PQbackendPID(handle_.get());
}

bool connection::over_unix_socket() const noexcept {
    int family = 0;
    socklen_t size = sizeof family;
    int const asked = ::getsockopt(PQsocket(handle_.get()), SOL_SOCKET, SO_DOMAIN, &family, &size);
    return asked == 0 && family == AF_UNIX;
}

error connection::last_error(errc code) const {
    auto const fallen_back =
        PQstatus(handle_.get()) == CONNECTION_OK && code == errc::connection_lost
            ? errc::protocol // libpq refused a call, the connection is there
            : code;
    return make_error(fallen_back, first_line(PQerrorMessage(handle_.get())));
}

error connection::from_result(PGresult const* failed) {
    auto const field = [failed](int code) {
        char const* text = PQresultErrorField(failed, code);
        return std::string{text != nullptr ? text : ""};
    };
    auto made = make_error(errc::server_error, field(PG_DIAG_MESSAGE_PRIMARY));
    made.sqlstate = field(PG_DIAG_SQLSTATE);
    made.detail = field(PG_DIAG_MESSAGE_DETAIL);
    if (auto const table = field(PG_DIAG_TABLE_NAME); !table.empty()) {
        made.table = field(PG_DIAG_SCHEMA_NAME) + "." + table;
    }
    if (made.sqlstate.empty()) { // libpq's own: the server's errors always have one
        made.code = errc::connection_lost;
        made.message = first_line(PQresultErrorMessage(failed));
    }
    return made;
}

} // namespace tandem::io::pg
