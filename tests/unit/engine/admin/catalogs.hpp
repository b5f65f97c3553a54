#pragma once
// Catalogs as tests need them: two able PostgreSQL 15 masters, and tables in a few words.

#include "engine/admin/catalog.hpp"
#include "engine/config/options.hpp"

#include <string>
#include <utility>
#include <vector>

namespace tandem::engine::testing {

inline column_info column(std::string name, std::string type = "integer") {
    column_info made;
    made.name = std::move(name);
    made.type_name = std::move(type);
    return made;
}

// public.<name>(id integer primary key, v text)
inline table_info table(std::string name, std::uint32_t id = 16'400) {
    table_info made;
    made.id = {id};
    made.schema = "public";
    made.name = std::move(name);
    made.owner = "owner";
    made.member_of_owner = true;
    made.columns = {column("id"), column("v", "text")};
    made.columns[0].not_null = true;
    made.keys = {{made.name + "_pkey", {"id"}, true, false, true}};
    return made;
}

inline node_catalog node(std::string name, std::vector<table_info> tables = {}) {
    node_catalog made;
    made.name = std::move(name);
    made.rank = made.name == "a" ? 0 : 1;
    made.server_version = 150'020;
    made.version = "15.20";
    made.system_id = "system of " + made.name;
    made.timeline = 1;
    made.database = {made.name == "a" ? 16'384U : 16'385U};
    made.database_name = "chat";
    made.encoding = "UTF8";
    made.wal_level = "logical";
    made.track_commit_timestamp = true;
    made.slots_max = 10;
    made.senders_max = 10;
    made.origins_max = 10;
    made.role = {"tandem", false, true, false, true, true, true};
    made.tables = std::move(tables);
    return made;
}

inline options both_ways() {
    options set;
    set.nodes = {{"a", "dbname=a", 0}, {"b", "dbname=b", 1}};
    return set;
}

} // namespace tandem::engine::testing
