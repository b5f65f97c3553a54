#include "tools/tandem/logging.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <unistd.h>

namespace tandem::tool {
namespace {

// spdlog's patterns do not escape the message, so this does.
void append_escaped(std::string_view text, spdlog::memory_buf_t& into) {
    for (char const each : text) {
        auto const code = static_cast<unsigned char>(each);
        if (each == '"' || each == '\\') {
            into.push_back('\\');
            into.push_back(each);
        } else if (each == '\n') {
            fmt::format_to(std::back_inserter(into), "\\n");
        } else if (code < 0x20U) {
            fmt::format_to(std::back_inserter(into), "\\u{:04x}", code);
        } else {
            into.push_back(each);
        }
    }
}

class json_formatter final : public spdlog::formatter {
public:
    void format(spdlog::details::log_msg const& message, spdlog::memory_buf_t& into) override {
        using namespace std::chrono;
        auto const ms =
            duration_cast<milliseconds>(message.time.time_since_epoch()).count() % 1'000;
        fmt::format_to(std::back_inserter(into), R"({{"ts":"{:%FT%T}.{:03}Z","level":"{}","msg":")",
                       fmt::gmtime(spdlog::log_clock::to_time_t(message.time)), ms,
                       fmt::string_view{message.level == spdlog::level::warn
                                            ? "warn"
                                            : spdlog::level::to_string_view(message.level).data()});
        append_escaped({message.payload.data(), message.payload.size()}, into);
        fmt::format_to(std::back_inserter(into), "\"}}\n");
    }

    [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
        return std::make_unique<json_formatter>();
    }
};

bool coloured(engine::options const& set, bool terminal) {
    if (set.color != "auto") {
        return set.color == "always";
    }
    char const* const refused = std::getenv("NO_COLOR");
    return terminal && (refused == nullptr || *refused == '\0');
}

} // namespace

void set_up_logging(engine::options const& set, bool quiet, bool verbose) {
    using format = engine::options::log_format;
    bool const terminal = isatty(STDERR_FILENO) != 0;
    bool const json = set.format == format::json || (set.format == format::automatic && !terminal);
    std::shared_ptr<spdlog::logger> log;
    if (json) {
        log = std::make_shared<spdlog::logger>("tandem",
                                               std::make_shared<spdlog::sinks::stderr_sink_mt>());
        log->set_formatter(std::make_unique<json_formatter>());
    } else {
        auto const mode =
            coloured(set, terminal) ? spdlog::color_mode::always : spdlog::color_mode::never;
        log = std::make_shared<spdlog::logger>(
            "tandem", std::make_shared<spdlog::sinks::stderr_color_sink_mt>(mode));
        log->set_pattern("%H:%M:%S.%e %^%-7l%$ %v");
    }
    log->set_level(quiet     ? spdlog::level::err
                   : verbose ? spdlog::level::debug
                             : spdlog::level::from_str(set.log_level));
    log->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(log));
}

} // namespace tandem::tool
