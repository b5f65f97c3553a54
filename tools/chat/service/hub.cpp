#include "tools/chat/service/hub.hpp"

#include "tools/chat/service/shown.hpp"

#include <boost/asio/this_coro.hpp>
#include <spdlog/spdlog.h>

#include <map>
#include <set>
#include <utility>
#include <vector>

namespace tandem::chat {
namespace {

constexpr std::size_t out_bytes_most = std::size_t{4} << 20;

using versions_by_room = std::map<int, std::vector<row_version>>;

std::set<int> rooms_of(std::list<std::shared_ptr<page>> const& pages) {
    std::set<int> rooms;
    for (auto const& each : pages) {
        if (each->room_id != 0) {
            rooms.insert(each->room_id);
        }
    }
    return rooms;
}

std::set<std::int64_t> wanted_by(std::list<std::shared_ptr<page>> const& pages,
                                 versions_by_room const& now) {
    std::set<std::int64_t> wanted;
    for (auto const& each : pages) {
        if (auto const found = now.find(each->room_id); found != now.end()) {
            auto const stale = each->view.stale(found->second);
            wanted.insert(stale.begin(), stale.end());
        }
    }
    return wanted;
}

void bring_up_to_date(page& one, std::vector<row_version> const& now,
                      std::vector<message> const& known) {
    auto const gone = one.view.take_gone(now);
    auto const stale = one.view.stale(now);
    std::set<std::int64_t> const missing{stale.begin(), stale.end()};
    std::vector<message> fresh;
    for (auto const& each : known) {
        if (missing.contains(each.id) && each.room_id == one.room_id) {
            one.view.show(each.id, each.version);
            fresh.push_back(each);
        }
    }
    if (!fresh.empty() || !gone.empty() || one.told_away) {
        one.told_away = false;
        one.say(view_json(one.room_id, fresh, gone));
    }
}

} // namespace

void page::say(std::string text) {
    out_bytes += text.size();
    if (out_bytes > out_bytes_most) {
        too_slow = true;
    } else {
        out.push_back(std::move(text));
    }
    ready.notify();
}

void hub::open(page& of, int room_id) {
    of.room_id = room_id;
    of.view = {};
    of.told_away = true; // so that an empty room is told as well
    nudge();
}

void hub::tell_away(std::string const& why) {
    for (auto const& each : pages_) {
        if (each->room_id != 0 && !std::exchange(each->told_away, true)) {
            each->say(away_json(why));
        }
    }
}

awaitable<void> hub::look() {
    auto const rooms = rooms_of(pages_);
    if (rooms.empty()) {
        co_return;
    }
    auto const now = co_await store_.versions(rooms);
    if (!now) {
        tell_away(now.error().why);
        co_return;
    }
    auto const wanted = wanted_by(pages_, *now);
    std::vector<message> known;
    if (!wanted.empty()) {
        auto read = co_await store_.messages(wanted);
        if (!read) {
            tell_away(read.error().why);
            co_return;
        }
        known = std::move(*read);
    }
    // Pages may have come, gone and changed their rooms meanwhile.
    for (auto const& each : pages_) {
        if (auto const found = now->find(each->room_id); found != now->end()) {
            bring_up_to_date(*each, found->second, known);
        }
    }
}

awaitable<int> hub::run() {
    co_await asio::this_coro::throw_if_cancelled(false);
    auto const cancellation = co_await asio::this_coro::cancellation_state;
    while (cancellation.cancelled() == asio::cancellation_type::none) {
        co_await look();
        auto const next = io::event::clock::now() + interval_;
        co_await changed_.wait_until(next);
    }
    co_return 0;
}

} // namespace tandem::chat
