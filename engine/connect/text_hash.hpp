#pragma once
// column.mask.hash: a salted digest in place of a text, the same as Debezium's. Pure.
// https://debezium.io/documentation/reference/3.0/connectors/postgresql.html#postgresql-property-column-mask-hash

#include "codecs/connect/problem.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tandem::connect {

class text_hash {
public:
    // What is digested behind the salt: the text as Java serializes it, or its bytes.
    enum class form : std::uint8_t { serialized, bytes };

    // `algorithm`: as Java's MessageDigest names it. Error: config.
    [[nodiscard]] static outcome<text_hash> of(std::string_view algorithm, std::string salt,
                                               form what);

    // Hexadecimal. `text`: UTF-8 without zero bytes.
    [[nodiscard]] std::string operator()(std::string_view text) const;

private:
    struct digest;
    text_hash(std::shared_ptr<digest const> by, std::string salt, form what)
        : digest_{std::move(by)}, salt_{std::move(salt)}, form_{what} {}

    std::shared_ptr<digest const> digest_;
    std::string salt_;
    form form_;
};

} // namespace tandem::connect
