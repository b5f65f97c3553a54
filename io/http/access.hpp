#pragma once
// Who may ask. https://www.rfc-editor.org/rfc/rfc7617, rfc6750

#include <string_view>

namespace tandem::io::http {

// Whether an Authorization header gives the token, as a bearer token or as the password of any user. Takes as long whatever
// of it is right.
[[nodiscard]] bool token_given(std::string_view authorization, std::string_view token);

} // namespace tandem::io::http
