#pragma once
// The transformations and predicates that there are: what each can be told, and how it is made of that.

#include "engine/transform/transformation.hpp"

namespace tandem::connect {

[[nodiscard]] setting_definitions replace_field_definitions();
[[nodiscard]] outcome<transformation_ptr> make_replace_field(settings const& by, record_side side);

[[nodiscard]] setting_definitions mask_field_definitions();
[[nodiscard]] outcome<transformation_ptr> make_mask_field(settings const& by, record_side side);

[[nodiscard]] setting_definitions insert_field_definitions();
[[nodiscard]] outcome<transformation_ptr> make_insert_field(settings const& by, record_side side);

[[nodiscard]] setting_definitions timestamp_converter_definitions();
[[nodiscard]] outcome<transformation_ptr> make_timestamp_converter(settings const& by,
                                                                   record_side side);

[[nodiscard]] setting_definitions extract_field_definitions();
[[nodiscard]] outcome<transformation_ptr> make_extract_field(settings const& by, record_side side);

[[nodiscard]] setting_definitions header_from_definitions();
[[nodiscard]] outcome<transformation_ptr> make_header_from(settings const& by, record_side side);

[[nodiscard]] setting_definitions value_to_key_definitions();
[[nodiscard]] outcome<transformation_ptr> make_value_to_key(settings const& by);

[[nodiscard]] setting_definitions insert_header_definitions();
[[nodiscard]] outcome<transformation_ptr> make_insert_header(settings const& by);

[[nodiscard]] setting_definitions drop_headers_definitions();
[[nodiscard]] outcome<transformation_ptr> make_drop_headers(settings const& by);

[[nodiscard]] setting_definitions regex_router_definitions();
[[nodiscard]] outcome<transformation_ptr> make_regex_router(settings const& by);

[[nodiscard]] setting_definitions timestamp_router_definitions();
[[nodiscard]] outcome<transformation_ptr> make_timestamp_router(settings const& by);

[[nodiscard]] setting_definitions new_record_state_definitions();
[[nodiscard]] outcome<transformation_ptr> make_new_record_state(settings const& by);

[[nodiscard]] setting_definitions scripted_filter_definitions();
[[nodiscard]] outcome<transformation_ptr> make_scripted_filter(settings const& by);

[[nodiscard]] setting_definitions content_based_router_definitions();
[[nodiscard]] outcome<transformation_ptr> make_content_based_router(settings const& by);

[[nodiscard]] setting_definitions filter_definitions();
[[nodiscard]] outcome<transformation_ptr> make_filter(settings const& by);

[[nodiscard]] setting_definitions topic_name_matches_definitions();
[[nodiscard]] outcome<predicate_ptr> make_topic_name_matches(settings const& by);

[[nodiscard]] setting_definitions has_header_key_definitions();
[[nodiscard]] outcome<predicate_ptr> make_has_header_key(settings const& by);

[[nodiscard]] setting_definitions record_is_tombstone_definitions();
[[nodiscard]] outcome<predicate_ptr> make_record_is_tombstone(settings const& by);

} // namespace tandem::connect
