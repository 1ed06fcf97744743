#include "base/result.hpp"

#include <cerrno>
#include <system_error>

namespace assay {

std::string_view to_string(Cause cause) {
  switch (cause) {
    case Cause::invalid:
      return "invalid";
    case Cause::not_found:
      return "not-found";
    case Cause::unavailable:
      return "unavailable";
    case Cause::timeout:
      return "timeout";
    case Cause::cancelled:
      return "cancelled";
    case Cause::refused:
      return "refused";
    case Cause::exhausted:
      return "exhausted";
    case Cause::io:
      return "io";
    case Cause::device:
      return "device";
    case Cause::guest:
      return "guest";
    case Cause::internal:
      return "internal";
  }
  return "internal";
}

tl::unexpected<Error> fail_errno(std::string_view what, Cause cause) {
  const int number = errno;
  if (number == ENOSPC || number == EDQUOT || number == EFBIG) cause = Cause::exhausted;
  if (number == ENOENT) cause = Cause::not_found;
  if (number == ENOSPC || number == EDQUOT) {
    return tl::unexpected(
        Error{cause, fmt::format("{}: the {} is full; free some space and try again", what,
                                 number == ENOSPC ? "disk" : "quota on this disk")});
  }
  return tl::unexpected(
      Error{cause, fmt::format("{}: {}", what, std::generic_category().message(number))});
}

}  // namespace assay
