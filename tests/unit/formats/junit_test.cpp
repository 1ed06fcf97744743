#include "formats/junit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "reports.hpp"

namespace assay::formats {
namespace {

using testing::HasSubstr;

// The outermost words of what is wrong, or "": tags nest, attributes are quoted,
// nothing stands where only an entity may, and every byte is XML's.
std::string ill_formed(std::string_view xml) {
  std::vector<std::string> open;
  bool root = false;
  if (!xml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")) return "no declaration";
  xml.remove_prefix(xml.find('\n') + 1);
  while (!xml.empty()) {
    if (xml[0] != '<') {
      const auto end = std::min(xml.find('<'), xml.size());
      const auto text = xml.substr(0, end);
      if (open.empty() && text.find_first_not_of(" \n") != std::string_view::npos)
        return "text outside";
      for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x20 && c != '\t' && c != '\n') return "control character";
        if (c != '&') continue;
        const auto entity = text.substr(i, text.find(';', i) - i);
        if (entity != "&amp" && entity != "&lt" && entity != "&gt" && entity != "&quot")
          return "bare &";
      }
      xml.remove_prefix(end);
      continue;
    }
    const auto end = xml.find('>');
    if (end == std::string_view::npos) return "open tag at the end";
    const auto tag = xml.substr(1, end - 1);
    xml.remove_prefix(end + 1);
    if (tag.starts_with('/')) {
      if (open.empty() || open.back() != tag.substr(1)) return "wrong end tag " + std::string(tag);
      open.pop_back();
      continue;
    }
    if (open.empty() && root) return "two roots";
    root = true;
    if (tag.find('<') != std::string_view::npos) return "< in a tag";
    if (std::count(tag.begin(), tag.end(), '"') % 2 != 0) return "odd quotes";
    if (!tag.ends_with('/')) open.emplace_back(tag.substr(0, tag.find(' ')));
  }
  return open.empty() ? "" : "never closed " + open.back();
}

TEST(Junit, CountsAndNames) {
  const std::string xml = to_junit(a_run());
  EXPECT_EQ(ill_formed(xml), "");
  EXPECT_THAT(
      xml,
      HasSubstr(
          "<testsuite name=\"ota-confirm\" tests=\"5\" failures=\"1\" errors=\"2\" skipped=\"1\" "
          "time=\"5.200\" timestamp=\"2026-05-28T20:26:40\">"));
  EXPECT_THAT(xml, HasSubstr("<testcase name=\"ota-confirm on virtual-zephyr (boots=3)\" "
                             "classname=\"ota-confirm.virtual-zephyr\" time=\"3.200\">"));
  // The second one of the same name has a number.
  EXPECT_THAT(xml, HasSubstr("<testcase name=\"ota-confirm on virtual-zephyr (boots=3) #2\""));
  EXPECT_THAT(xml, HasSubstr("<property name=\"rev\" value=\"4f2c1d\"/>"));
  EXPECT_THAT(xml, HasSubstr("<property name=\"r17.2.boards\" value=\"dut=v2\"/>"));
}

TEST(Junit, VerdictsAreWhatCiSystemsKnow) {
  const std::string xml = to_junit(a_run());
  EXPECT_THAT(
      xml,
      HasSubstr(
          "<failure type=\"failed\" message=\"v1 runs, not &lt;v2&gt;\">v1 runs, not &lt;v2&gt;\n"
          "step confirmed: assert running update (p.yaml:17:5)\n"
          "  console disagrees: 1.0.0 (expected 2.0.0)\n"
          "  smp agrees: 2.0.0\n"
          "  | I: Starting bootloader\n"
          "  | [1mhello &amp; bye[0m\n"
          "</failure>"));
  EXPECT_THAT(
      xml,
      HasSubstr("<error type=\"lab-error\" message=\"QEMU was killed\">QEMU was killed\n</error>"));
  EXPECT_THAT(xml, HasSubstr("<skipped message=\"cancelled\"/>"));
  EXPECT_THAT(xml,
              HasSubstr("<error type=\"not-ended\" message=\"the job has not ended\"></error>"));
}

TEST(Junit, TextIsXmls) {
  EXPECT_EQ(xml_text("a<b>&\"c\"\td\n"), "a&lt;b&gt;&amp;&quot;c&quot;\td\n");
  EXPECT_EQ(xml_text(std::string_view("x\0\x1b\x7fy", 5)), "xy");
  EXPECT_EQ(xml_text("\xC3\xA4 \xE2\x9C\x93"), "\xC3\xA4 \xE2\x9C\x93");
  EXPECT_EQ(xml_text("\xFF\xC3"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(xml_text("\xEF\xBF\xBF\xC2\x85"), "");  // U+FFFF, a C1 control
  EXPECT_EQ(xml_text("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a surrogate
}

RC_GTEST_PROP(Junit, IsWellFormedForAnyBytes,
              (const std::string& a, const std::string& b,
               const std::vector<std::string>& console)) {
  RunReport run = a_run();
  run.plan = a;
  run.rev = b;
  run.jobs[1].sentence = b;
  run.jobs[2].profile = a;
  run.jobs[1].attempts[0].steps[0].console = console;
  run.jobs[1].params = {{a, b}};
  RC_ASSERT(ill_formed(to_junit(run)) == "");
}

}  // namespace
}  // namespace assay::formats
