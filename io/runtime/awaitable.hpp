#pragma once
// The few names of Boost.Asio that the rest of tandem uses.
//
// Conventions (docs/contributing.md): parameters by value, or by reference only to what the caller's
// frame owns while it awaits; no capturing lambda coroutine; "name it, then move it": nothing built
// with braces or captures stands inside a co_await expression (g++ 12 frees it twice).

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tandem::io {

namespace asio = boost::asio;

template <class T = void>
using awaitable = boost::asio::awaitable<T>;

// Completion token: the error comes back in the tuple, nothing is thrown.
inline constexpr auto use_tuple = boost::asio::as_tuple(boost::asio::use_awaitable);

} // namespace tandem::io
