#include "base/text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/bytes.hpp"

namespace assay {
namespace {

TEST(Text, suggests_only_slips_of_the_hand) {
  const std::vector<std::string> known{"baud", "path", "parity"};
  EXPECT_EQ(did_you_mean("buad", known), ", did you mean 'baud'?");
  EXPECT_EQ(did_you_mean("partiy", known), ", did you mean 'parity'?");
  EXPECT_EQ(did_you_mean("voltage", known), "");
  EXPECT_EQ(did_you_mean("", known), "");
}

TEST(Text, printable_shows_what_a_terminal_would_obey) {
  EXPECT_EQ(printable("ok\tüber"), "ok\tüber");
  EXPECT_EQ(printable("\x1b[31mred\n"), "\\x1b[31mred\\x0a");
  EXPECT_EQ(printable("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(printable("a\xe2\x80\xae"
                      "b"),
            "a\\xe2\\x80\\xaeb")
      << "a bidirectional override";
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf") << "an overlong form";
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
}

RC_GTEST_PROP(Text, printable_never_leaves_a_control_character, (const std::string& text)) {
  for (const char c : printable(text)) {
    RC_ASSERT(c == '\t' || static_cast<unsigned char>(c) >= 0x20);
    RC_ASSERT(c != 0x7f);
  }
}

RC_GTEST_PROP(Text, printable_is_stable, (const std::string& text)) {
  RC_ASSERT(printable(printable(text)) == printable(text));
}

RC_GTEST_PROP(Text, split_and_join_are_inverse, (const std::string& text)) {
  std::vector<std::string> parts;
  for (const auto part : split(text, ',')) parts.emplace_back(part);
  RC_ASSERT(join(parts, ",") == text || (parts.size() > 1 && parts[0].empty()));
}

RC_GTEST_PROP(Bytes, hexadecimal_comes_back, (const Bytes& bytes)) {
  RC_ASSERT(from_hex(to_hex(bytes)).value() == bytes);
}

TEST(Bytes, what_is_not_hexadecimal_is_named) {
  EXPECT_EQ(from_hex("0g").error().text, "'0g' is not a hexadecimal byte");
  EXPECT_EQ(from_hex("012").error().text, "an odd number of hexadecimal digits");
}

TEST(Bytes, sha256_of_abc_is_the_published_one) {
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace assay
