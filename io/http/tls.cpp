#include "io/http/tls.hpp"

#include <boost/asio/ssl/stream.hpp>
#include <fmt/format.h>
#include <openssl/ssl.h>

#include <stdexcept>

namespace tandem::io::http {
namespace {

using context = asio::ssl::context;

std::unique_ptr<context> plain_context(context::method method) {
    auto made = std::make_unique<context>(method);
    SSL_CTX_set_min_proto_version(made->native_handle(), TLS1_2_VERSION);
    made->set_options(context::default_workarounds | context::no_compression);
    return made;
}

} // namespace

void throw_exception_from_error(tls_error const& failed, boost::source_location const& /*where*/) {
    throw std::runtime_error{failed.message};
}

boost::system::result<std::unique_ptr<context>, tls_error> server_context(tls_files const& files) {
    auto made = plain_context(context::tls_server);
    boost::system::error_code failed;
    made->use_certificate_chain_file(files.certificate, failed);
    if (failed) {
        return tls_error{fmt::format("{}: no certificate can be read from it: {}",
                                     files.certificate, failed.message())};
    }
    made->use_private_key_file(files.key, context::pem, failed);
    if (failed) {
        return tls_error{fmt::format("{}: the key of {} cannot be read from it: {}", files.key,
                                     files.certificate, failed.message())};
    }
    return made;
}

boost::system::result<std::unique_ptr<context>, tls_error> client_context(
    std::string const& authorities) {
    auto made = plain_context(context::tls_client);
    made->set_verify_mode(asio::ssl::verify_peer);
    boost::system::error_code failed;
    if (authorities.empty()) {
        made->set_default_verify_paths(failed);
    } else {
        made->load_verify_file(authorities, failed);
    }
    if (failed) {
        return tls_error{fmt::format("{}: no certificates can be read from it: {}", authorities,
                                     failed.message())};
    }
    return made;
}

} // namespace tandem::io::http
