#include "io/pg/conninfo.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace tandem::io::pg {

namespace {

struct free_options {
    void operator()(PQconninfoOption* held) const noexcept { PQconninfoFree(held); }
};
using parsed_conninfo = std::unique_ptr<PQconninfoOption, free_options>;

constexpr char const* cure =
    "expected postgresql://user:password@host:port/database, special characters of the password "
    "percent-encoded (@ is %40, / is %2F), or keyword='value' pairs, with \\ before each ' and \\ in a "
    "value; not shown, since it may hold a password";

// libpq's complaint up to the first piece of the string that it quotes.
std::string unquoted(std::string_view complaint) {
    auto end = complaint.find_first_of("\":\n");
    auto kept = complaint.substr(0, end);
    while (!kept.empty() && (kept.back() == ' ' || kept.back() == '(')) {
        kept.remove_suffix(1);
    }
    return std::string{kept};
}

parsed_conninfo parse(std::string const& conninfo, std::string* complaint) {
    char* text = nullptr;
    parsed_conninfo found{PQconninfoParse(conninfo.c_str(), &text)};
    if (!found && complaint != nullptr) {
        *complaint = text != nullptr ? unquoted(text) : "out of memory";
    }
    PQfreemem(text);
    return found;
}

// The keyword's value, or an empty view where the string does not set it.
std::string_view value(parsed_conninfo const& parsed, char const* keyword) {
    for (auto const* option = parsed.get(); option->keyword != nullptr; ++option) {
        if (std::strcmp(option->keyword, keyword) == 0) {
            return option->val != nullptr ? std::string_view{option->val} : std::string_view{};
        }
    }
    return {};
}

bool digits_and_commas(std::string_view text) {
    return text.find_first_not_of("0123456789,") == std::string_view::npos;
}

// A password with a raw '@' or '/' in a URI moves its rest into the host or the database name.
bool password_spilled(std::string const& conninfo, parsed_conninfo const& parsed) {
    bool const uri = conninfo.starts_with("postgres://") || conninfo.starts_with("postgresql://");
    return value(parsed, "host").find('@') != std::string_view::npos ||
           (uri && value(parsed, "user").empty() &&
            value(parsed, "dbname").find('@') != std::string_view::npos);
}

struct attempt {
    std::string place; // "127.0.0.1" or a socket's path
    std::string text;  // without severity and SQLSTATE
    std::string sqlstate;
};

bool is_sqlstate(std::string_view text) {
    return text.size() == 5 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
           });
}

// "FATAL:  28P01: password ..." (the severity may be translated) gives SQLSTATE and text.
void split_sqlstate(std::string_view line, attempt& into) {
    auto const severity_end = line.find(":  ");
    if (severity_end != std::string_view::npos) {
        auto const rest = line.substr(severity_end + 3);
        if (rest.size() > 7 && is_sqlstate(rest.substr(0, 5)) && rest.substr(5, 2) == ": ") {
            into.sqlstate = rest.substr(0, 5);
            into.text = rest.substr(7);
            return;
        }
    }
    into.text = line;
}

// Reads `connection to server at "h" (a), port p failed: T` and `... on socket "s" failed: T`.
std::optional<attempt> read_attempt(std::string_view line) {
    constexpr std::string_view head = "connection to server ";
    constexpr std::string_view failed = " failed: ";
    auto const end = line.find(failed);
    if (!line.starts_with(head) || end == std::string_view::npos) {
        return std::nullopt;
    }
    auto const place = line.substr(head.size(), end - head.size());
    auto const quote = place.find('"');
    auto const quoted = place.substr(quote + 1, place.find('"', quote + 1) - quote - 1);
    auto const open = place.find(" (");
    attempt one;
    one.place = open == std::string_view::npos
                    ? quoted
                    : place.substr(open + 2, place.find(')', open) - open - 2);
    split_sqlstate(line.substr(end + failed.size()), one);
    return one;
}

struct report_lines {
    std::vector<attempt> attempts;
    std::string other; // the first line that is no attempt: a failure before any address was tried
};

report_lines read_report(std::string_view report) {
    report_lines found;
    while (!report.empty()) {
        auto const end = std::min(report.find('\n'), report.size());
        auto const line = report.substr(0, end);
        report.remove_prefix(std::min(end + 1, report.size()));
        if (auto one = read_attempt(line)) {
            found.attempts.push_back(std::move(*one));
        } else if (found.attempts.empty() && found.other.empty()) {
            found.other = line;
        }
    }
    return found;
}

// With sslmode=prefer a refused password is followed by a second refusal without encryption, so a
// wrong password wins; otherwise the last thing a server said; otherwise the last attempt.
attempt const& telling(std::vector<attempt> const& attempts) {
    auto const password = std::find_if(attempts.begin(), attempts.end(),
                                       [](attempt const& one) { return one.sqlstate == "28P01"; });
    if (password != attempts.end()) {
        return *password;
    }
    auto const answered = std::find_if(attempts.rbegin(), attempts.rend(),
                                       [](attempt const& one) { return !one.sqlstate.empty(); });
    return answered != attempts.rend() ? *answered : attempts.back();
}

std::string places_tried(std::vector<attempt> const& attempts) {
    std::string tried;
    for (auto const& one : attempts) {
        if (tried.find(one.place) == std::string::npos) {
            tried += tried.empty() ? one.place : ", " + one.place;
        }
    }
    return tried;
}

// Drops what stands between double quotes: before a connection that is a piece of the conninfo.
std::string without_quotations(std::string_view text) {
    std::string kept;
    bool inside = false;
    for (char const c : text) {
        if (c == '"') {
            inside = !inside;
        } else if (!inside && !(c == ' ' && kept.ends_with(' '))) {
            kept += c;
        }
    }
    while (!kept.empty() && (kept.back() == ' ' || kept.back() == ':')) {
        kept.pop_back();
    }
    return kept;
}

} // namespace

std::optional<std::string> conninfo_problem(std::string const& conninfo) {
    std::string complaint;
    auto const parsed = parse(conninfo, &complaint);
    if (!parsed) {
        return fmt::format("the connection string cannot be read ({} ...): {}", complaint, cure);
    }
    if (!digits_and_commas(value(parsed, "port"))) {
        return fmt::format("the connection string's port is not a number: {}", cure);
    }
    if (password_spilled(conninfo, parsed)) {
        return fmt::format("the connection string's host or database holds an '@': {}", cure);
    }
    return std::nullopt;
}

std::string conninfo_label(std::string const& conninfo) {
    if (conninfo_problem(conninfo)) {
        return "the server";
    }
    auto const parsed = parse(conninfo, nullptr);
    endpoint const place{std::string{value(parsed, "host")}, std::string{value(parsed, "port")}};
    auto const database = value(parsed, "dbname");
    return database.empty() ? to_string(place) : fmt::format("{}/{}", to_string(place), database);
}

std::string startup_options(std::string const& conninfo,
                            std::vector<std::pair<std::string, std::string>> const& settings) {
    std::string options;
    if (auto const parsed = parse(conninfo, nullptr)) {
        options = value(parsed, "options");
    }
    if (char const* environment = std::getenv("PGOPTIONS"); options.empty() && environment) {
        options = environment;
    }
    for (auto const& [name, setting] : settings) {
        options += options.empty() ? "-c " : " -c ";
        for (char const c : name + "=" + setting) {
            if (c == '\\' || std::strchr(" \t\n\r\f\v", c) != nullptr) {
                options += '\\';
            }
            options += c;
        }
    }
    return options;
}

std::string to_string(endpoint const& place) {
    auto const port = place.port.empty() ? std::string{"5432"} : place.port;
    if (place.host.starts_with('/')) {
        return fmt::format("{}/.s.PGSQL.{}", place.host, port);
    }
    bool const v6 = place.host.find(':') != std::string::npos;
    auto const host = place.host.empty() ? std::string{"localhost"} : place.host;
    return v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

error connect_error(std::string_view report, endpoint const& last) {
    auto const found = read_report(report);
    error failed;
    failed.code = errc::connect_failed;
    if (found.attempts.empty()) {
        failed.message = fmt::format("Connection to {} failed: {}", to_string(last),
                                     without_quotations(found.other));
        return failed;
    }
    auto const& why = telling(found.attempts);
    failed.sqlstate = why.sqlstate;
    if (why.sqlstate.empty() && why.text.starts_with("Connection refused")) {
        failed.message = fmt::format(
            "Connection to {} refused (tried {}: nothing listens there as seen from this host; if "
            "the server runs in a container or on another machine, use its address)",
            to_string(last), places_tried(found.attempts));
    } else {
        failed.message = fmt::format("Connection to {} failed: {}", to_string(last), why.text);
    }
    return failed;
}

} // namespace tandem::io::pg
