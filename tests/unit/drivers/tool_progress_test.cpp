#include "drivers/flash/tool_progress.hpp"

#include <gtest/gtest.h>

namespace assay::drivers {
namespace {

// What is told, as "writing 3/10".
struct Told {
  std::vector<std::string> all;
  abilities::Order order{1, {}, [this](const abilities::Progress& p) {
                           auto text = fmt::format("{} {}/{}", p.doing, p.done, p.total);
                           if (all.empty() || all.back() != text) all.push_back(std::move(text));
                         }};
};
using Texts = std::vector<std::string>;

// As pyOCD 0.46 prints it, in pieces of one byte: a ruler, then a bar.
void print(auto& into, std::string_view text) {
  for (const char& c : text) into(std::string_view(&c, 1));
}
std::string bar(std::string_view in_the_middle = "") {
  return "[---|---|---|---|---|---|---|---|---|----]\n[" + std::string(20, '=') +
         std::string(in_the_middle) + std::string(20, '=') + "]\n";
}

TEST(PyocdBars, CountsOneBarForErasingAndOneForWriting) {
  Told told;
  PyocdBars bars({100, 300}, told.order);
  bars(bar());
  EXPECT_EQ(told.all, (Texts{"erasing 100/400"}));
  bars(bar());
  bars(bar());
  bars("[---|---|---|---|---|---|---|---|---|----]\n[");
  bars("====");
  EXPECT_EQ(told.all,
            (Texts{"erasing 100/400", "writing 100/400", "erasing 400/400", "writing 130/400"}));
  bars(std::string(36, '=') + "]\n" + bar());  // and one more than is known of
  EXPECT_EQ(told.all.back(), "writing 400/400");
}

TEST(PyocdBars, MindsNoLogInTheMiddleOfABar) {
  Told told;
  PyocdBars bars({100}, told.order);
  print(bars, "0000812 I Loading base.bin [load_cmd]\n");
  print(bars, bar("0000812 I Erasing... [loader]\n"));
  EXPECT_EQ(told.all.back(), "erasing 100/100");
  print(bars, bar());
  EXPECT_EQ(told.all.back(), "writing 100/100");
  EXPECT_EQ(told.all.size(), 80U);
}

constexpr Phase phases[] = {{"Erase", "erasing"}, {"Download", "writing"}};

TEST(Percentages, AreReadInEachShape) {
  Told told;
  Percentages percentages(phases, 1000, told.order);
  print(percentages, "\rErase   \t[=====     ]  20%          200 bytes\rErase  [==] 100%\n");
  print(percentages, "Download at (12.50%) \x1b[sDownload 40 %\nother 50%\nDownload 101%\n%\n");
  EXPECT_EQ(told.all, (Texts{"erasing 200/1000", "erasing 1000/1000", "writing 120/1000",
                             "writing 400/1000"}));
}

TEST(Percentages, OfALineThatIsNotYetOver) {
  Told told;
  Percentages percentages(phases, 1000, told.order);
  percentages("Download 7");
  EXPECT_TRUE(told.all.empty());
  percentages("%");
  EXPECT_EQ(told.all, (Texts{"writing 70/1000"}));
}

}  // namespace
}  // namespace assay::drivers
