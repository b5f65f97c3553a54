#include "engine/admin/catalog.hpp"

#include <algorithm>

namespace tandem::engine {

column_info const* table_info::column(std::string const& wanted) const noexcept {
    auto const found = std::find_if(columns.begin(), columns.end(),
                                    [&](column_info const& each) { return each.name == wanted; });
    return found == columns.end() ? nullptr : &*found;
}

key_info const* table_info::primary_key() const noexcept {
    auto const found =
        std::find_if(keys.begin(), keys.end(), [](key_info const& each) { return each.primary; });
    return found == keys.end() ? nullptr : &*found;
}

std::string table_info::display() const {
    return shown_table(schema, name);
}

table_info const* node_catalog::table(std::string const& schema,
                                      std::string const& table_name) const noexcept {
    auto const found = std::find_if(tables.begin(), tables.end(), [&](table_info const& each) {
        return each.schema == schema && each.name == table_name;
    });
    return found == tables.end() ? nullptr : &*found;
}

table_info const* node_catalog::table(oid id) const noexcept {
    auto const found = std::find_if(tables.begin(), tables.end(),
                                    [id](table_info const& each) { return each.id == id; });
    return found == tables.end() ? nullptr : &*found;
}

std::string shown_identifier(std::string const& name) {
    auto const plain = [](char each) {
        return (each >= 'a' && each <= 'z') || (each >= '0' && each <= '9') || each == '_' ||
               (static_cast<unsigned char>(each) & 0x80U) != 0;
    };
    bool const digit_first = !name.empty() && name.front() >= '0' && name.front() <= '9';
    if (!name.empty() && !digit_first && std::all_of(name.begin(), name.end(), plain)) {
        return name;
    }
    std::string quoted{'"'};
    for (char const each : name) {
        quoted += each;
        if (each == '"') {
            quoted += '"';
        }
    }
    return quoted += '"';
}

std::string shown_table(std::string const& schema, std::string const& table) {
    return shown_identifier(schema) + "." + shown_identifier(table);
}

} // namespace tandem::engine
