// InsertHeader, HeaderFrom and DropHeaders.
// https://kafka.apache.org/39/documentation/#org.apache.kafka.connect.transforms.InsertHeader

#include "codecs/connect/literal.hpp"
#include "engine/transform/kinds.hpp"
#include "engine/transform/plan_cache.hpp"
#include "engine/transform/requirements.hpp"
#include "engine/transform/shared_definitions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tandem::connect {
namespace {

class insert_header final : public transformation {
public:
    explicit insert_header(settings const& by)
        : name_{by.string("header")},
          text_{by.string("value.literal")},
          what_{parse_literal(text_, memory_)} {}

    outcome<bool> apply(record& of, arena&) override {
        of.headers.push_back({name_, what_});
        return true;
    }

private:
    std::string name_;
    std::string text_;
    arena memory_;
    data what_;
};

class drop_headers final : public transformation {
public:
    explicit drop_headers(settings const& by) : names_{by.list("headers")} {}

    outcome<bool> apply(record& of, arena&) override {
        std::erase_if(of.headers, [this](record_header const& each) {
            return std::ranges::find(names_, each.name) != names_.end();
        });
        return true;
    }

private:
    string_list names_;
};

class header_from final : public transformation {
public:
    header_from(settings const& by, record_side side)
        : side_{side},
          fields_{by.list("fields")},
          headers_{by.list("headers")},
          moves_{by.string("operation") == "move"},
          purpose_{"header " + by.string("operation")},
          null_with_default_{by.boolean(null_with_default_name)} {}

    outcome<bool> apply(record& of, arena& memory) override {
        auto& side = side_of(of, side_);
        return side.of == nullptr ? without_schema(of, side, memory)
                                  : with_schema(of, side, memory);
    }

private:
    outcome<bool> without_schema(record& of, data& side, arena& memory) const {
        if (auto wrong = require_map(side.what, purpose_)) {
            return *wrong;
        }
        map_builder left{side.what};
        for (std::size_t index = 0; index < fields_.size(); ++index) {
            of.headers.push_back(
                {headers_[index], data{nullptr, entry_of(side.what, fields_[index])}});
            if (moves_) {
                left.remove(fields_[index]);
            }
        }
        side.what = left.made(memory);
        return true;
    }

    outcome<bool> with_schema(record& of, data& side, arena& memory) {
        if (auto wrong = require_structure(side.what, purpose_)) {
            return *wrong;
        }
        data left = side;
        if (moves_) {
            auto const* plan = plans_.find(side.of);
            if (plan == nullptr) {
                plan = &plans_.keep(side.of, plan_for(*side.of));
            }
            auto const made = carry_out(*plan, side.what, null_with_default_, memory);
            if (!made) {
                return made.error();
            }
            left = {plan->of, *made};
        }
        for (std::size_t index = 0; index < fields_.size(); ++index) {
            auto const from = side.of->index_of(fields_[index]);
            if (!from) {
                return problem{problem_kind::null_pointer,
                               "Cannot invoke \"org.apache.kafka.connect.data.Field.schema()\" "
                               "because the return value of "
                               "\"org.apache.kafka.connect.data.Schema.field(String)\" is null"};
            }
            of.headers.push_back(
                {headers_[index], data{side.of->fields[*from].of,
                                       field_value(side.what, *from, null_with_default_)}});
        }
        side = std::move(left);
        return true;
    }

    [[nodiscard]] field_plan plan_for(schema const& original) const {
        auto made = basics_of(original);
        field_plan plan;
        for (std::size_t index = 0; index < original.fields.size(); ++index) {
            if (std::ranges::find(fields_, original.fields[index].name) == fields_.end()) {
                made->fields.push_back(original.fields[index]);
                plan.from.push_back(index);
            }
        }
        plan.of = std::move(made);
        return plan;
    }

    record_side side_;
    string_list fields_;
    string_list headers_;
    bool moves_;
    std::string purpose_;
    bool null_with_default_;
    plan_cache<field_plan> plans_;
};

} // namespace

setting_definitions insert_header_definitions() {
    return {
        {"header", setting_type::string, std::nullopt, importance::high, "The name of the header.",
         non_null()},
        {"value.literal", setting_type::string, std::nullopt, importance::high,
         "The literal value that is to be set as the header value on all records.", non_null()},
    };
}

outcome<transformation_ptr> make_insert_header(settings const& by) {
    return transformation_ptr{std::make_unique<insert_header>(by)};
}

setting_definitions drop_headers_definitions() {
    return {{"headers", setting_type::list, std::nullopt, importance::high,
             "The name of the headers to be removed.", non_empty_list()}};
}

outcome<transformation_ptr> make_drop_headers(settings const& by) {
    return transformation_ptr{std::make_unique<drop_headers>(by)};
}

setting_definitions header_from_definitions() {
    return {
        {"fields", setting_type::list, std::nullopt, importance::high,
         "Field names in the record whose values are to be copied or moved to headers.",
         non_empty_list()},
        {"headers", setting_type::list, std::nullopt, importance::high,
         "Header names, in the same order as the field names listed in the fields configuration "
         "property.",
         non_empty_list()},
        {"operation", setting_type::string, std::nullopt, importance::high,
         "Either <code>move</code> if the fields are to be moved to the headers (removed from the "
         "key/value), or <code>copy</code> if the fields are to be copied to the headers (retained "
         "in the key/value).",
         one_of({"move", "copy"})},
        null_with_default_definition(),
    };
}

outcome<transformation_ptr> make_header_from(settings const& by, record_side side) {
    if (by.list("headers").size() != by.list("fields").size()) {
        return problem{
            problem_kind::config,
            "'fields' config must have the same number of elements as 'headers' config."};
    }
    return transformation_ptr{std::make_unique<header_from>(by, side)};
}

} // namespace tandem::connect
