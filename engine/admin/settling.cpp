#include "engine/admin/settling.hpp"

namespace tandem::engine {

settling::verdict settling::look(key_look const& now) {
    if (now.equal()) {
        return verdict::equal;
    }
    quiet_ = looked_ && now == last_ ? quiet_ + 1 : 0;
    looked_ = true;
    last_ = now;
    return quiet_ >= fences_quiet ? verdict::different : verdict::open;
}

} // namespace tandem::engine
