#pragma once
// The shapes of the relations a stream has described so far.

#include "codecs/base/lsn.hpp"
#include "codecs/pgoutput/message.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tandem::pgoutput {

struct column_shape {
    std::string name;
    oid type;
    std::int32_t type_modifier = -1;
    bool key = false; // part of the replica identity

    friend bool operator==(column_shape const&, column_shape const&) = default;
};

// An owned, immutable copy of a relation message. Two shapes are equal when nothing differs.
struct relation_shape {
    oid id;
    std::string schema;
    std::string name;
    char replica_identity = 'd';
    std::vector<column_shape> columns;

    friend bool operator==(relation_shape const&, relation_shape const&) = default;
};

using relation_ptr = std::shared_ptr<relation_shape const>;

// Not thread-safe. Shapes outlive the cache through their shared pointers: a batch that holds a
// change also holds the shape that the change was written under.
class relation_cache {
public:
    enum class outcome { added, unchanged, changed };

    // Stores the shape; `changed` when a shape of that oid was known and differs in any part. `order` is greater for
    // every description of a stream.
    outcome store(relation const& described, std::uint64_t order = 0);

    // nullptr when the relation was never described. Valid until the next store(): the map moves
    // its entries. Copy the relation_ptr to keep the shape.
    [[nodiscard]] relation_ptr const* find(oid id) const noexcept;

    // Takes over a shape that another cache made; store() says when it was described.
    void adopt(relation_ptr shape);
    // Those of another cache that are not known here, or were described later.
    void adopt_newer(relation_cache const& from);
    // All relations of a schema get another one. PostgreSQL describes no relation anew for that.
    void rename_schema(std::string const& from, std::string const& to);

private:
    struct entry {
        relation_ptr shape;
        std::uint64_t order = 0;
    };
    boost::unordered_flat_map<std::uint32_t, entry> shapes_;
};

} // namespace tandem::pgoutput
