#include "engine/config/console_settings.hpp"

#include "engine/config/error.hpp"
#include "engine/config/pattern.hpp"
#include "engine/config/setting_text.hpp"

#include <fmt/format.h>

#include <utility>

namespace tandem::engine {
namespace {

using kind = setting::kind;
using group = setting_group;

void set_mask(options& into, std::string const& text) {
    table_pattern pattern = parse_table_pattern(text);
    if (pattern.columns.empty() || !pattern.where.empty()) {
        throw config_error{
            fmt::format("'{}': expected a table and its columns in brackets, such as "
                        "'public.person(email, phone)'",
                        text)};
    }
    into.masks.push_back(std::move(pattern));
}

} // namespace

std::vector<setting> console_settings() {
    return {
        {"allow-host", kind::list, group::listen, "NAME",
         "Name under which browsers may reach the HTTP server, beside localhost and the address it "
         "listens on; repeatable. Others are refused (DNS rebinding). Default: none.",
         [](options& into, std::string const& text) { into.allowed_hosts.push_back(text); }},
        {"token-file", kind::text, group::listen, "FILE",
         "File with the token that whoever asks the HTTP server has to give, as a bearer token or as the password of any "
         "user; /livez and /readyz ask for none. Default: none.",
         [](options& into, std::string const& text) { into.token_file = text; }},
        {"tls-cert", kind::text, group::listen, "FILE",
         "Certificate of the HTTP server (PEM, with its chain): it speaks HTTPS then. Default: none.",
         [](options& into, std::string const& text) { into.tls_certificate = text; }},
        {"tls-key", kind::text, group::listen, "FILE",
         "Private key of --tls-cert (PEM, without a passphrase). Default: none.",
         [](options& into, std::string const& text) { into.tls_key = text; }},
        {"read-only", kind::toggle, group::listen, "",
         "The console shows and changes nothing: whatever would, the server refuses. Default: off.",
         [](options& into, std::string const& text) {
             into.read_only = setting_text::on_or_off(text);
         }},
        {"mask", kind::list, group::listen, "TABLE(COLUMN,...)",
         "Columns whose values the console does not show, with wildcards as --tables; repeatable. "
         "Default: none.",
         set_mask},
    };
}

} // namespace tandem::engine
