#include "cli/input_files.hpp"

#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "base/limits.hpp"

namespace assay::cli {
namespace {

class InputFiles : public testing::Test {
 protected:
  std::string write(const std::string& name, std::string_view text) {
    const auto path = folder_->path() / name;
    EXPECT_TRUE(write_file(path, as_bytes(text)));
    return path.string();
  }
  Result<TempFolder> folder_ = TempFolder::make("assay-cli-test");
};

constexpr std::string_view plan =
    "plan: p\n"
    "roles: { dut: { needs: [power] } }\n"
    "params: { boots: { type: int } }\n"
    "artifacts:\n"
    "  base: { about: x }\n"
    "  bad: { from: base, flip: payload }\n"
    "steps:\n"
    "  - power: cycle\n";

TEST_F(InputFiles, PlansAreReadFromFiles) {
  const auto file = write("p.yaml", plan);
  const auto input = read_plan(file);
  ASSERT_TRUE(input) << input.error().text;
  EXPECT_EQ(input->shipped, "");
  EXPECT_EQ(input->source.file, file);
  EXPECT_EQ(input->plan.name, "p");
}

TEST_F(InputFiles, PlanErrorsHaveAPlace) {
  const auto file =
      write("p.yaml", "plan: p\nroles: { dut: { needs: [power] } }\nsteps:\n  - pwoer: cycle\n");
  const auto input = read_plan(file);
  ASSERT_FALSE(input);
  EXPECT_EQ(input.error().cause, Cause::invalid);
  EXPECT_TRUE(input.error().text.starts_with(file + ":4:5: ")) << input.error().text;
  const auto lab = write("lab.yaml", "lab: x\nboards: []\n");
  EXPECT_FALSE(read_plan(lab));
  EXPECT_FALSE(read_plan((folder_->path() / "absent.yaml").string()));
}

TEST_F(InputFiles, WhatIsGivenMustFitThePlan) {
  const auto input = plan_from_text("p.yaml", std::string(plan));
  ASSERT_TRUE(input) << input.error().text;
  EXPECT_EQ(misgiven(input->plan, {{"base", "f"}}, {{"boots", "3"}}), "");
  EXPECT_EQ(misgiven(input->plan, {}, {{"boots", "3"}}),
            "p.yaml:5:3: artifact 'base' is not given: add --artifact base=FILE");
  EXPECT_EQ(misgiven(input->plan, {{"base", "f"}, {"bad", "g"}}, {{"boots", "3"}}),
            "p.yaml:6:3: artifact 'bad' is made from 'base': give that one only");
  EXPECT_EQ(misgiven(input->plan, {{"base", "f"}, {"bsae", "g"}}, {{"boots", "3"}}),
            "p.yaml: the plan has no artifact 'bsae', did you mean 'base'?");
  EXPECT_EQ(
      misgiven(input->plan, {{"base", "f"}}, {}),
      "p.yaml:3:11: parameter 'boots' has no default and is not given: add --param boots=VALUE");
}

TEST_F(InputFiles, FilesAreHashed) {
  const auto file = write("v2.bin", "hello");
  const auto input = read_input("update", file);
  ASSERT_TRUE(input);
  EXPECT_EQ(input->sha256, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  EXPECT_EQ(input->size, 5U);
}

TEST_F(InputFiles, WhatIsTooLongToBeFlashedIsRefusedAtOnce) {
  const auto file = write("linux.img", "x");
  std::filesystem::resize_file(file, max_decoded_bytes + 1);  // no container: it is streamed
  EXPECT_TRUE(read_input("image", file));
  std::filesystem::resize_file(file, max_artifact_bytes + 1);
  const auto input = read_input("image", file);
  ASSERT_FALSE(input);
  EXPECT_EQ(input.error().cause, Cause::invalid);
  EXPECT_EQ(input.error().text,
            file + ": is longer than 8.0 GiB, which is the most that Assay can flash");
}

TEST_F(InputFiles, ContainersMustDecodeBytesAreNotJudged) {
  const auto hex = write("base.hex", ":0400000001020304F2\n:0400040001020304FF\n:00000001FF\n");
  const auto damaged = read_input("base", hex);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().cause, Cause::invalid);
  EXPECT_TRUE(damaged.error().text.starts_with(hex + ":2: ")) << damaged.error().text;
  EXPECT_TRUE(read_input("update", write("v2.bin", ":0 is no HEX file here")));
}

TEST_F(InputFiles, AbsentFilesAndFoldersAreSaid) {
  const auto absent = read_input("base", "/nowhere/base.hex");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().text, "/nowhere/base.hex: there is no such file (artifact 'base')");
  const auto folder = read_input("base", folder_->path());
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().text,
            folder_->path().string() + ": is not a regular file (artifact 'base')");
}

}  // namespace
}  // namespace assay::cli
