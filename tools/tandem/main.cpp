// tandem: parses the command line, calls the engine, prints. See command.hpp for the commands.

#include "engine/admin/failure.hpp"
#include "tools/tandem/command_line.hpp"
#include "tools/tandem/logging.hpp"

#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

char const* variable(std::string const& name) {
    return std::getenv(name.c_str());
}

std::vector<std::string> variable_names() {
    std::vector<std::string> names;
    for (char** each = environ; *each != nullptr; ++each) {
        std::string const entry{*each};
        names.push_back(entry.substr(0, entry.find('=')));
    }
    return names;
}

int failed(int status, char const* why) {
    std::fprintf(stderr, "error: %s\n", why);
    return status;
}

} // namespace

int main(int argc, char** argv) {
    using namespace tandem;
    std::signal(SIGXFSZ,
                SIG_IGN); // a limit of file sizes is an error like a full disk, not the end
    try {
        tool::parsed parsed = tool::parse_command_line(argc, argv);
        if (!parsed.command) {
            std::fputs(parsed.print.c_str(), parsed.status == 0 ? stdout : stderr);
            return parsed.status;
        }
        tool::call& now = parsed.with;
        now.set = engine::load(now.flags, now.config_file, variable);
        tool::set_up_logging(now.set, now.quiet, now.verbose);
        for (std::string const& each : engine::misspelt_variables(variable_names())) {
            spdlog::warn("{}", each);
        }
        return parsed.command(now);
    } catch (engine::config_error const& error) {
        return failed(engine::exit_status::usage, error.what());
    } catch (engine::command_failed const& error) {
        return failed(error.status(), error.what());
    } catch (std::exception const& error) {
        return failed(engine::exit_status::runtime, error.what());
    }
}
