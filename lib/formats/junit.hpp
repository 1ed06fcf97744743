// JUnit XML as GitHub's, GitLab's and Jenkins' readers take it: one <testsuite>
// for the run, one <testcase> a job. A product failure is <failure>, a lab error
// <error>, a cancelled job <skipped>. Well-formed UTF-8 for any bytes: what XML
// cannot hold is dropped, what is not UTF-8 becomes U+FFFD.
// Source: https://github.com/testmoapp/junitxml (the format has no standard).
// Thread-safe: free functions.
#pragma once

#include <string>
#include <string_view>

#include "formats/run_report.hpp"

namespace assay::formats {

std::string to_junit(const RunReport&);

// Text for an element, or for an attribute between double quotes.
std::string xml_text(std::string_view);

}  // namespace assay::formats
