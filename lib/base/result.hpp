// What every fallible function of Assay returns: Result<T>, a value or an Error.
//
// Absence, failure and timeout stay three different things in a signature:
// Result<std::optional<T>> is absent as nullopt, failed as an Error, and late
// as an Error whose cause is Cause::timeout. Exceptions stop at the edge of the
// third-party library that throws them.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <type_traits>
#include <utility>

namespace assay {

// Why something failed, for code that must tell causes apart. The text is for people.
enum class Cause {
  invalid,      // the input is wrong; nothing was touched
  not_found,    // the thing named does not exist
  unavailable,  // the other side cannot be reached now; trying again may help
  timeout,      // a deadline passed
  cancelled,    // somebody asked to stop
  refused,      // the other side understood and said no (epoch, version, state)
  exhausted,    // a limit or the disk is full
  io,           // the operating system failed an operation on a file or socket
  device,       // a device, tool or machine of the lab did not do as told
  guest,        // the program under test crashed or answered with an error
  internal,     // a defect in Assay
};

std::string_view to_string(Cause);

struct Error {
  Cause cause = Cause::internal;
  std::string text;  // one sentence: where, what, and what to do instead

  // The same error with "where: " in front.
  [[nodiscard]] Error in(std::string_view where) const {
    return {cause, fmt::format("{}: {}", where, text)};
  }
};

template <class T = void>
using Result = tl::expected<T, Error>;

template <class... Args>
tl::unexpected<Error> fail(Cause cause, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected(Error{cause, fmt::format(format, std::forward<Args>(args)...)});
}

// fail() with errno's words behind: "open /x: No such file or directory".
tl::unexpected<Error> fail_errno(std::string_view what, Cause cause = Cause::io);

namespace detail {
template <class T>
T take(Result<T>& result) {
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}
}  // namespace detail

}  // namespace assay

// TRY(expression): the value of a Result, or return its Error from this function.
#define ASSAY_TRY_JOIN2(a, b) a##b
#define ASSAY_TRY_JOIN(a, b) ASSAY_TRY_JOIN2(a, b)
#define ASSAY_TRY_IMPL(name, ...)                                          \
  __extension__({                                                          \
    auto name = (__VA_ARGS__);                                             \
    if (!name.has_value()) return tl::unexpected(std::move(name).error()); \
    ::assay::detail::take(name);                                           \
  })
#define TRY(...) ASSAY_TRY_IMPL(ASSAY_TRY_JOIN(assay_try_, __COUNTER__), __VA_ARGS__)
