#pragma once
// The pages that are open, and what keeps them showing what the database holds.
//
// The database is asked, not listened to: NOTIFY stays in the database where it is said, and triggers that fire for rows
// which the peer wrote (ENABLE ALWAYS) would be work in every transaction that is applied (docs/decisions/0021). One
// question for all pages, several times a second, and at once after a write of this instance.
//
// One executor thread.

#include "io/runtime/event.hpp"
#include "tools/chat/service/room_view.hpp"
#include "tools/chat/service/store.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <list>
#include <memory>
#include <string>

namespace tandem::chat {

// One open page. Shared by its connection and the hub.
struct page {
    explicit page(asio::any_io_executor const& executor) : ready{executor} {}

    void say(std::string text);

    int room_id = 0; // none yet
    room_view view;
    bool told_away = false;
    std::deque<std::string> out; // texts to be sent
    std::size_t out_bytes = 0;
    bool too_slow = false; // more waits than is kept: the connection is to end
    io::event ready;       // `out` has grown, or too_slow
};

class hub {
public:
    hub(asio::any_io_executor const& executor, store& from, std::chrono::milliseconds interval)
        : store_{from}, interval_{interval}, changed_{executor} {}

    void add(std::shared_ptr<page> opened) { pages_.push_back(std::move(opened)); }
    void remove(std::shared_ptr<page> const& closed) { pages_.remove(closed); }
    // The page shows this room from now on.
    void open(page& of, int room_id);
    // Something may have changed just now.
    void nudge() { changed_.notify(); }

    // Until cancelled.
    [[nodiscard]] awaitable<int> run();

private:
    [[nodiscard]] awaitable<void> look();
    void tell_away(std::string const& why);

    store& store_;
    std::chrono::milliseconds interval_;
    io::event changed_;
    std::list<std::shared_ptr<page>> pages_;
};

} // namespace tandem::chat
