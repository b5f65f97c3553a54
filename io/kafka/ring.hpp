#pragma once
// A doubly linked ring through objects that others own.

namespace tandem::io::kafka {

class ring_node {
public:
    ring_node() = default;
    ~ring_node() { unlink(); }
    ring_node(ring_node const&) = delete;
    ring_node& operator=(ring_node const&) = delete;

    [[nodiscard]] bool linked() const noexcept { return next_ != this; }
    [[nodiscard]] ring_node* next() noexcept { return next_; }

    // Puts this node, which is in no ring, at the end of the ring that begins after `head`.
    void link(ring_node& head) noexcept {
        before_ = head.before_;
        next_ = &head;
        before_->next_ = this;
        head.before_ = this;
    }
    void unlink() noexcept {
        before_->next_ = next_;
        next_->before_ = before_;
        before_ = next_ = this;
    }

private:
    ring_node* before_ = this;
    ring_node* next_ = this;
};

} // namespace tandem::io::kafka
