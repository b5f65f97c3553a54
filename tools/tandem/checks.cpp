// doctor and verify: they look, and exit 4 when something is not as it should be.

#include "engine/admin/doctor.hpp"
#include "engine/admin/failure.hpp"
#include "engine/admin/shown_text.hpp"
#include "engine/admin/verify.hpp"
#include "engine/config/error.hpp"
#include "engine/config/quantity.hpp"
#include "tools/tandem/command.hpp"
#include "tools/tandem/progress_line.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <string>
#include <unistd.h>

namespace tandem::tool {

int doctor(call const& now) {
    engine::validate_nodes(now.set, 1);
    io::asio::io_context io{1};
    auto const findings = engine::run_on(io, engine::examine(io.get_executor(), now.set));
    fmt::print("{}", now.json ? engine::doctor_json(findings) : engine::doctor_text(findings));
    return engine::any_error(findings) ? engine::exit_status::check : engine::exit_status::ok;
}

namespace {

// SQL that holds rows: for nobody else's eyes.
class repair_file {
public:
    explicit repair_file(std::string name) : name_{std::move(name)} {
        constexpr mode_t owner_only = 0600;
        handle_ = ::open(name_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, owner_only);
        check(handle_ >= 0);
    }
    ~repair_file() { ::close(handle_); }
    repair_file(repair_file const&) = delete;
    repair_file& operator=(repair_file const&) = delete;

    void write(std::string_view text) {
        while (!text.empty()) {
            auto const written = ::write(handle_, text.data(), text.size());
            check(written >= 0);
            text.remove_prefix(static_cast<std::size_t>(written));
        }
    }

private:
    void check(bool well) const {
        if (!well) {
            throw engine::command_failed{
                engine::exit_status::environment,
                fmt::format("--repair {}: {}", name_, std::strerror(errno))};
        }
    }

    std::string name_;
    int handle_ = -1;
};

// What verify is at.
class verify_line {
public:
    verify_line(io::asio::io_context& io, bool quiet)
        : line_{io, quiet, [this] { return text(); }} {}

    void listen_to(engine::verify_wish& wish) {
        wish.begins = [this](std::string const& table, std::size_t number, std::size_t tables) {
            at_ = fmt::format("table {} of {}, {}", number, tables, table);
            began_ = line_.seconds();
            now_.reset();
            waits_for_.clear();
        };
        wish.progress = [this](engine::verify_progress now) { return told(now); };
        wish.waiting = [this](std::string stream) { return waits(std::move(stream)); };
    }

private:
    [[nodiscard]] std::string text() const {
        if (at_.empty() && waits_for_.empty()) {
            return {};
        }
        auto const what =
            now_ ? fmt::format("{}, {} rows, {} differ", line_.bar(now_->part, began_),
                               engine::shown_count(now_->rows), now_->different)
                 : fmt::format("compared by chunks, {:.0f} s so far", line_.seconds() - began_);
        auto const waits =
            waits_for_.empty()
                ? std::string{}
                : fmt::format("waiting until stream {} has brought what was compared", waits_for_);
        return fmt::format("{}{}", at_.empty() ? "" : at_ + ": ", waits.empty() ? what : waits);
    }
    io::awaitable<void> told(engine::verify_progress now) {
        now_ = now;
        waits_for_.clear();
        co_return;
    }
    io::awaitable<void> waits(std::string stream) {
        waits_for_ = std::move(stream);
        co_return;
    }

    progress_line line_;
    std::string at_;
    double began_ = 0; // seconds of the line
    std::optional<engine::verify_progress> now_;
    std::string waits_for_;
};

} // namespace

int verify(call const& now) {
    engine::validate_nodes(now.set, 2);
    auto const patience = engine::parse_duration(now.wait);
    if (!patience) {
        throw engine::config_error{
            fmt::format("--wait '{}': expected a duration such as 30s or 2m", now.wait)};
    }
    engine::verify_wish wish;
    wish.keys_max = now.limit;
    wish.pace = now.pace;
    wish.patience = *patience;
    wish.apply = now.apply;
    wish.how.prefer = now.winner;
    std::unique_ptr<repair_file> file;
    if (!now.repair.empty()) {
        file = std::make_unique<repair_file>(now.repair);
        wish.repairs = [&file](std::string const& text) { file->write(text); };
    }
    io::asio::io_context io{1};
    auto const found = [&] {
        verify_line line{io, now.quiet};
        line.listen_to(wish);
        return engine::run_on(io, engine::verify_tables(io.get_executor(), now.set, wish));
    }();
    fmt::print("{}",
               now.json ? engine::verification_json(found) : engine::verification_text(found));
    for (engine::left_out_table const& each : found.left_out) {
        fmt::print(stderr, "not compared: {}: {}\n", each.table, each.reason);
    }
    for (std::string const& stream : found.idle) {
        fmt::print(stderr, "nobody serves stream {}: what it has not brought counts as different\n",
                   stream);
    }
    return found.equal() ? engine::exit_status::ok : engine::exit_status::check;
}

} // namespace tandem::tool
