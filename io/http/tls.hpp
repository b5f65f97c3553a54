#pragma once
// TLS 1.2 and 1.3 for io/http/server.cpp, and for whoever asks such a server.

#include "io/http/server.hpp"

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>

namespace tandem::io::http {

// Of a failure: the file, and what is wrong with it.
struct tls_error {
    std::string message;
};
[[noreturn]] void throw_exception_from_error(tls_error const& failed,
                                             boost::source_location const& where);

[[nodiscard]] boost::system::result<std::unique_ptr<asio::ssl::context>, tls_error> server_context(
    tls_files const& files);
// Whom it trusts: the certificates of that file; empty: those that the system trusts.
[[nodiscard]] boost::system::result<std::unique_ptr<asio::ssl::context>, tls_error> client_context(
    std::string const& authorities);

} // namespace tandem::io::http
