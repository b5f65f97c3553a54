#include "engine/console/assets.hpp"

#include <algorithm>
#include <string>

namespace tandem::console {
namespace {

// Nothing from elsewhere, nothing inline; no other site may frame it.
constexpr char const* policy =
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";

asset const& index_page() {
    auto const all = assets();
    return *std::ranges::find(all, "/index.html", &asset::path);
}

} // namespace

io::http::response asset_response(asset const& which, io::http::request const& asked) {
    io::http::response made;
    made.content_type = which.type;
    made.headers = {
        {"Content-Security-Policy", policy}, {"Referrer-Policy", "no-referrer"},
        {"X-Frame-Options", "DENY"},         {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cache-Control", "no-cache"}, // asked again each time, by its tag
        {"Vary", "Accept, Accept-Encoding"}, {"ETag", std::string{which.tag}}};
    if (asked.header("If-None-Match") == which.tag) {
        made.status = 304;
        return made;
    }
    if (asked.header("Accept-Encoding").find("gzip") != std::string::npos) {
        made.headers.emplace_back("Content-Encoding", "gzip");
        made.body = which.gzipped;
    } else {
        made.body = which.plain;
    }
    return made;
}

io::http::response page_response(io::http::request const& asked) {
    return asset_response(index_page(), asked);
}

bool wants_page(io::http::request const& asked) {
    return asked.header("Accept").find("text/html") != std::string::npos;
}

void add_assets(io::http::server& server, std::span<page const> pages) {
    for (asset const& each : assets()) {
        server.route(std::string{each.path}, [&each](io::http::request const& asked) {
            return asset_response(each, asked);
        });
    }
    for (page const& each : pages) {
        server.route(
            std::string{each.path}, [instead = each.instead](io::http::request const& asked) {
                bool const page_wanted = !instead || wants_page(asked);
                auto answer = page_wanted ? asset_response(index_page(), asked) : instead(asked);
                return answer;
            });
    }
}

} // namespace tandem::console
