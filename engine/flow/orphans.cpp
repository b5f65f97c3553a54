#include "engine/flow/orphans.hpp"

#include "codecs/sql/quote.hpp"

#include <spdlog/spdlog.h>

#include <string>
#include <utility>

namespace tandem::engine {
namespace {

// "a","b" of a JSON array of names.
std::vector<std::string> names_in(std::string_view array) {
    std::vector<std::string> names;
    for (std::size_t at = array.find('"'); at != std::string_view::npos; at = array.find('"', at)) {
        std::string name;
        for (++at; array[at] != '"'; ++at) {
            at += array[at] == '\\' ? 1 : 0;
            name += array[at];
        }
        ++at;
        names.push_back(std::move(name));
    }
    return names;
}

std::vector<sql::orphan> orphans_in(io::pg::rows const& from) {
    std::vector<sql::orphan> made;
    for (int row = 0; row < from.size(); ++row) {
        auto const text = [&](int column) { return std::string{from.text(row, column)}; };
        if (made.empty() || made.back().id != from.integer(row, 0)) {
            made.push_back({from.integer(row, 0),
                            {text(1), text(2)},
                            text(3),
                            text(4),
                            text(5),
                            {text(6), text(7)},
                            from.boolean(row, 8),
                            text(9),
                            {}});
        }
        made.back().columns.push_back({text(10), text(11), text(12)});
    }
    return made;
}

io::awaitable<outcome_of<std::vector<std::string>>> writable_columns(direction_link& link,
                                                                     io::pg::connection& target,
                                                                     sql::table_name table) {
    io::pg::parameters values;
    values.emplace_back(sql::qualified(table.schema, table.name));
    auto const got =
        co_await target.query("SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND "
                              "attnum > 0 AND NOT attisdropped AND attgenerated = ''",
                              std::move(values));
    if (!got) {
        co_return retry_after(link.setup.target.name, "reading a table's columns", got.error());
    }
    std::vector<std::string> names;
    names.reserve(static_cast<std::size_t>(got->size()));
    for (int row = 0; row < got->size(); ++row) {
        names.emplace_back(got->text(row, 0));
    }
    co_return names;
}

io::awaitable<outcome_of<void>> cure(direction_link& link, io::pg::connection& target,
                                     sql::orphan one) {
    auto statement = sql::leave_orphan(one.id);
    if (one.cure == "restore-parent" && one.parent_kept) {
        auto const columns = co_await writable_columns(link, target, one.parent);
        if (!columns) {
            co_return columns.error();
        }
        statement = sql::cure_orphan(one, *columns);
    } else if (one.cure != "restore-parent") {
        statement = sql::cure_orphan(one, {});
    }
    auto done = co_await target.execute(std::move(statement));
    if (done) {
        spdlog::info("{} -> {}: a row of {}.{} referred to one of {}.{} that is gone: {}",
                     link.setup.source.name, link.setup.target.name, one.child.schema,
                     one.child.name, one.parent.schema, one.parent.name, one.cure);
        co_return boost::system::in_place_value;
    }
    auto const why =
        retry_after(link.setup.target.name, "curing a row without its parent", done.error());
    if (done.error().code != io::pg::errc::server_error) {
        co_return why;
    }
    spdlog::warn("{} -> {}: a row of {}.{} that refers to a missing one stays as it is: {}",
                 link.setup.source.name, link.setup.target.name, one.child.schema, one.child.name,
                 why.reason);
    if (passes_by_itself(done.error())) {
        co_return boost::system::in_place_value; // at the next look
    }
    done = co_await target.execute(sql::leave_orphan(one.id));
    if (!done) {
        co_return retry_after(link.setup.target.name, "noting a row without its parent",
                              done.error());
    }
    co_return boost::system::in_place_value;
}

} // namespace

io::awaitable<outcome_of<std::vector<sql::foreign_key>>> read_foreign_keys(
    direction_setup const& setup, io::pg::connection& catalog, io::pg::parameters table) {
    auto const got = co_await catalog.query(sql::foreign_keys_of_table(), std::move(table));
    if (!got) {
        co_return retry_after(setup.target.name, "reading foreign keys", got.error());
    }
    std::vector<sql::foreign_key> made;
    for (int row = 0; row < got->size(); ++row) {
        auto const text = [&](int column) { return std::string{got->text(row, column)}; };
        if (made.empty() || made.back().name != text(0) || made.back().child.schema != text(1) ||
            made.back().child.name != text(2)) {
            made.push_back(
                {text(0), {text(1), text(2)}, {text(3), text(4)}, {}, names_in(text(8))});
        }
        made.back().columns.push_back({text(5), text(6), text(7)});
    }
    co_return made;
}

io::awaitable<outcome_of<void>> cure_orphans(direction_link& link, io::pg::connection& target) {
    auto const got = co_await target.execute(sql::open_orphans());
    if (!got) {
        co_return retry_after(link.setup.target.name, "looking for rows without their parent",
                              got.error());
    }
    for (auto& one : orphans_in(*got)) {
        auto done = co_await cure(link, target, std::move(one));
        if (!done) {
            co_return done;
        }
    }
    co_return boost::system::in_place_value;
}

} // namespace tandem::engine
