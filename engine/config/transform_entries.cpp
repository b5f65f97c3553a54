#include "engine/config/transform_entries.hpp"

#include "engine/config/error.hpp"
#include "engine/config/pattern.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

namespace tandem::engine {
namespace {

using text_map = std::map<std::string, std::string, std::less<>>;

std::string text_of(toml::node const& value, std::string const& where) {
    if (auto const text = value.value_exact<std::string>()) {
        return *text;
    }
    if (auto const number = value.value_exact<std::int64_t>()) {
        return std::to_string(*number);
    }
    if (auto const real = value.value_exact<double>()) {
        return fmt::format("{}", *real);
    }
    if (auto const choice = value.value_exact<bool>()) {
        return *choice ? "true" : "false";
    }
    throw config_error{where + ": expected a string, a number, true or false, or a list of them"};
}

// A node's text, or those of what is in it under `key`.
void read_texts(std::string const& key, toml::node const& value, std::string const& place,
                text_map& into) {
    if (auto const* const table = value.as_table()) {
        for (auto const& [name, inner] : *table) {
            read_texts(fmt::format("{}{}{}", key, key.empty() ? "" : ".", name.str()), inner, place,
                       into);
        }
        return;
    }
    std::string const where = fmt::format("{}: {}", place, key);
    auto const* const list = value.as_array();
    if (list == nullptr) {
        into[key] = text_of(value, where);
        return;
    }
    auto& text = into[key];
    for (auto const& each : *list) {
        text += (text.empty() ? "" : ",") + text_of(each, where);
    }
}

class reader {
public:
    explicit reader(std::string const& file_name) : file_name_{file_name} {}

    row_transform_entries read(toml::table const& document) {
        made_.file = file_name_;
        if (auto const* const all = document.get("transform")) {
            read_transforms(*all);
        }
        if (auto const* const all = document.get("predicate")) {
            read_predicates(*all);
        }
        return std::move(made_);
    }

private:
    [[nodiscard]] std::string place(toml::node const& of, std::string_view what) const {
        return fmt::format("{}:{}: {}", file_name_, of.source().begin.line, what);
    }

    void read_transforms(toml::node const& all) {
        auto const* const list = all.as_array();
        bool const fits =
            list != nullptr && std::all_of(list->begin(), list->end(),
                                           [](toml::node const& each) { return each.is_table(); });
        if (!fits) {
            throw config_error{
                place(all, "transform: each one is a [[transform]] with type and its keys")};
        }
        for (auto const& each : *list) {
            read_transform(*each.as_table());
        }
    }

    void read_transform(toml::table const& from) {
        transform_entry made;
        made.name = fmt::format("transform{}", made_.transforms.size() + 1);
        auto rest = from;
        if (auto const* const name = from.get("name")) {
            made.name = text_of(*name, place(*name, "transform: name"));
            rest.erase("name");
        }
        made.where = place(from, "transform " + made.name);
        bool const plain =
            !made.name.empty() && made.name.find_first_of(",. \t\n") == std::string::npos;
        if (!plain) {
            throw config_error{made.where + ": a name has no comma, dot or space"};
        }
        if (std::ranges::find(made_.transforms, made.name, &transform_entry::name) !=
            made_.transforms.end()) {
            throw config_error{made.where + ": another one has that name"};
        }
        if (auto const* const node = from.get("from")) {
            made.from = text_of(*node, made.where + ": from");
            rest.erase("from");
        }
        if (auto const* const tables = from.get("tables")) {
            read_tables(*tables, made);
            rest.erase("tables");
        }
        read_texts({}, rest, made.where, made.keys);
        if (!made.keys.contains("type")) {
            throw config_error{made.where + ": it needs a type, the class of a transformation"};
        }
        made_.transforms.push_back(std::move(made));
    }

    static void read_tables(toml::node const& from, transform_entry& into) {
        auto const add = [&](toml::node const& each) {
            auto const where = into.where + ": tables";
            try {
                into.tables.push_back(parse_table_pattern(text_of(each, where)));
            } catch (config_error const& failed) {
                throw config_error{fmt::format("{}: {}", where, failed.what())};
            }
            if (!into.tables.back().columns.empty() || !into.tables.back().where.empty()) {
                throw config_error{where +
                                   ": names of tables only, without columns or a condition"};
            }
        };
        if (auto const* const list = from.as_array()) {
            std::for_each(list->begin(), list->end(), add);
        } else {
            add(from);
        }
    }

    void read_predicates(toml::node const& all) {
        auto const* const table = all.as_table();
        if (table == nullptr) {
            throw config_error{
                place(all, "predicate: each one is a [predicate.NAME] with type and its keys")};
        }
        for (auto const& [key, value] : *table) {
            std::string const name{key.str()};
            auto const where = place(value, "predicate " + name);
            if (!value.is_table()) {
                throw config_error{where + ": expected [predicate.NAME] with type and its keys"};
            }
            auto& keys = made_.predicates[name];
            read_texts({}, value, where, keys);
            if (!keys.contains("type")) {
                throw config_error{where + ": it needs a type, the class of a predicate"};
            }
        }
    }

    std::string const& file_name_;
    row_transform_entries made_;
};

} // namespace

bool is_of_transforms(std::string_view key) noexcept {
    return key == "transform" || key == "predicate";
}

row_transform_entries transforms_from_toml(std::string_view text, std::string const& file_name) {
    try {
        return reader{file_name}.read(toml::parse(text, file_name));
    } catch (toml::parse_error const& failed) {
        throw config_error{
            fmt::format("{}:{}: {}", file_name, failed.source().begin.line, failed.description())};
    }
}

} // namespace tandem::engine
