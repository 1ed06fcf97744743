#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/text.hpp"
#include "cli/options.hpp"

namespace assay::cli {
namespace {

using testing::HasSubstr;

CommandLine good(const std::vector<std::string>& words) {
  auto line = parse_command_line(words);
  EXPECT_TRUE(line.has_value()) << (line ? "" : line.error().text);
  return line ? *line : CommandLine{};
}
std::string wrong(const std::vector<std::string>& words) {
  const auto line = parse_command_line(words);
  EXPECT_FALSE(line.has_value());
  return line ? "" : line.error().text;
}

TEST(CommandLine, Run) {
  const auto line = good({"run", "ota.yaml", "--artifact", "base=a=b.hex", "--artifact",
                          "update=v2.bin", "--param", "boots=5", "--priority", "-7", "--repeat",
                          "3", "--rev", "4f2c", "--detach", "--server", "lab:1"});
  const auto& run = std::get<RunOptions>(line.command);
  EXPECT_EQ(run.plan, "ota.yaml");
  EXPECT_EQ(run.artifacts, (Pairs{{"base", "a=b.hex"}, {"update", "v2.bin"}}));
  EXPECT_EQ(run.params, (Pairs{{"boots", "5"}}));
  EXPECT_EQ(run.priority, -7);
  EXPECT_EQ(run.repeat, 3U);
  EXPECT_EQ(run.rev, "4f2c");
  EXPECT_TRUE(run.detach);
  EXPECT_FALSE(run.json);
  EXPECT_EQ(line.server, "lab:1");
}

TEST(CommandLine, OptionsTakeOneWordEach) {
  const auto line = good({"run", "--artifact", "a=1", "smoke"});
  EXPECT_EQ(std::get<RunOptions>(line.command).plan, "smoke");
}

TEST(CommandLine, ServerComesFromTheEnvironmentThenTheDefault) {
  unsetenv("ASSAY_SERVER");
  EXPECT_EQ(good({"runs"}).server, "127.0.0.1:7420");
  setenv("ASSAY_SERVER", "lab:9", 1);
  EXPECT_EQ(good({"runs"}).server, "lab:9");
  EXPECT_EQ(good({"--server", "x:1", "runs"}).server, "x:1");
  unsetenv("ASSAY_SERVER");
}

TEST(CommandLine, AWordThatIsNoCommandIsNotPassedOver) {
  // 'console' and 'check' are commands: they must not be taken for the one that is meant.
  EXPECT_TRUE(parse_command_line({"forward", "v1", "console"})
                  .error()
                  .text.starts_with("assay: unknown command 'forward'; there are up, run, "));
  EXPECT_EQ(parse_command_line({"--server", "x:1", "cosole", "run"}).error().text,
            "assay: unknown command 'cosole', did you mean 'console'?");
  EXPECT_EQ(parse_command_line({"plan", "chekc", "check"}).error().text,
            "assay plan: unknown command 'chekc', did you mean 'check'?");
}

TEST(CommandLine, FishSeesApostrophes) {
  const auto script =
      std::get<TextOptions>(parse_command_line({"completion", "fish"})->command).text;
  EXPECT_NE(script.find("-a 'log' -d 'Prints what the boards\\' consoles said'"),
            std::string::npos);
}

TEST(CommandLine, Commands) {
  EXPECT_EQ(std::get<WatchOptions>(good({"watch", "r1", "r2"}).command).runs,
            (std::vector<std::string>{"r1", "r2"}));
  EXPECT_EQ(std::get<UpOptions>(good({"up"}).command).boards, -1);
  EXPECT_EQ(std::get<UpOptions>(good({"up", "--boards", "0"}).command).boards, 0);
  EXPECT_EQ(std::get<PowerOptions>(good({"power", "v1", "cycle"}).command).to, "cycle");
  EXPECT_EQ(std::get<QuarantineOptions>(good({"quarantine", "v1", "--why", "loose"}).command).why,
            "loose");
  EXPECT_EQ(std::get<QuarantineOptions>(good({"restore", "v1"}).command).why, "");
  EXPECT_EQ(std::get<PlanCheckOptions>(good({"plan", "check", "a", "b"}).command).files.size(), 2U);
  EXPECT_EQ(
      std::get<ImageShowOptions>(good({"image", "show", "f", "--base", "0x8000"}).command).base,
      0x8000U);
  EXPECT_EQ(std::get<ArtifactGetOptions>(good({"artifact", "get", "00", "-o", "f"}).command).output,
            "f");
  EXPECT_TRUE(std::get<LogOptions>(good({"log", "r1", "-f"}).command).follow);
}

TEST(CommandLine, Leases) {
  using namespace std::chrono_literals;
  const auto line = good({"lease", "v1", "--for", "2h", "--tag", "ble", "--tag", "site=lab-b",
                          "--priority", "5", "--detach", "--wait"});
  const auto& lease = std::get<LeaseOptions>(line.command);
  EXPECT_EQ(lease.board, "v1");
  EXPECT_EQ(lease.length, 2h);
  EXPECT_EQ(lease.tags, (std::vector<std::string>{"ble", "site=lab-b"}));
  EXPECT_EQ(lease.priority, 5);
  EXPECT_TRUE(lease.detach && lease.wait);
  const auto any = good({"lease", "--profile", "virtual-zephyr"});
  EXPECT_EQ(std::get<LeaseOptions>(any.command).length, 30min);
  EXPECT_FALSE(std::get<LeaseOptions>(any.command).detach);
  EXPECT_EQ(std::get<ExtendOptions>(good({"extend", "v1", "--for", "90s"}).command).by, 90s);
  EXPECT_EQ(std::get<ReleaseOptions>(good({"release", "r1", "--why", "x"}).command).why, "x");
  EXPECT_EQ(std::get<RunOptions>(good({"run", "smoke", "--lease", "r1"}).command).lease, "r1");
  EXPECT_EQ(std::get<RunOptions>(good({"run", "smoke", "--tag", "ble"}).command).tags,
            (std::vector<std::string>{"ble"}));

  EXPECT_EQ(wrong({"lease"}), "assay lease: name a board, or --profile NAME for any of that type");
  EXPECT_EQ(wrong({"lease", "v1", "--wait"}),
            "assay lease: --wait is for --detach: without it the command stays with the lease");
  EXPECT_THAT(wrong({"lease", "v1", "--for", "30"}), HasSubstr("--for: '30' has no unit"));
  EXPECT_THAT(wrong({"lease", "v1", "--for", "10ms"}), HasSubstr("a second at least"));
  EXPECT_THAT(wrong({"extend", "v1"}), HasSubstr("--for is required"));
}

TEST(CommandLine, ErrorsNamePlaceAndRemedy) {
  EXPECT_EQ(wrong({"rnu"}), "assay: unknown command 'rnu', did you mean 'run'?");
  EXPECT_EQ(wrong({"plan", "chek"}), "assay plan: unknown command 'chek', did you mean 'check'?");
  EXPECT_EQ(wrong({"plan"}), "assay plan: say what: check, schema, list");
  EXPECT_EQ(wrong({"run", "x", "--artfact", "a=b"}),
            "assay run: unknown option '--artfact', did you mean '--artifact'?");
  EXPECT_EQ(wrong({"up", "--wob", "127.0.0.1:0"}),
            "assay up: unknown option '--wob', did you mean '--web'?");
  EXPECT_EQ(wrong({"show", "r1", "r2"}), "assay show: unexpected 'r2'; see 'assay show --help'");
  EXPECT_EQ(wrong({"run", "x", "--artifact", "base"}),
            "assay run: --artifact 'base': write NAME=FILE, for example --artifact update=v2.bin");
  EXPECT_EQ(wrong({"run", "x", "--param", "=3"}),
            "assay run: --param '=3': write NAME=VALUE, for example --param boots=5");
  EXPECT_EQ(wrong({"run", "x", "--artifact", "a=1", "--artifact", "a=2"}),
            "assay run: --artifact a is given twice");
  EXPECT_EQ(wrong({"report", "r1"}),
            "assay report: say as what: --html FILE, --junit FILE, --tap FILE or --json");
  EXPECT_EQ(wrong({"report", "r1", "--html", "f", "--max-size", "501"}),
            "assay report: --max-size 501: 1 to 500 MiB");
  EXPECT_THAT(wrong({"run"}), HasSubstr("plan is required"));
  EXPECT_THAT(wrong({"power", "v1", "toggle"}), HasSubstr("toggle"));
  EXPECT_THAT(wrong({"run", "x", "--repeat", "0"}), HasSubstr("--repeat"));
}

TEST(CommandLine, HelpHasExamplesEverywhere) {
  const std::vector<std::vector<std::string>> commands = {{"up"},
                                                          {"run"},
                                                          {"watch"},
                                                          {"runs"},
                                                          {"show"},
                                                          {"log"},
                                                          {"why"},
                                                          {"cancel"},
                                                          {"retest"},
                                                          {"report"},
                                                          {"boards"},
                                                          {"board"},
                                                          {"agents"},
                                                          {"power"},
                                                          {"flash"},
                                                          {"console"},
                                                          {"lease"},
                                                          {"extend"},
                                                          {"release"},
                                                          {"quarantine"},
                                                          {"restore"},
                                                          {"plan", "check"},
                                                          {"plan", "schema"},
                                                          {"plan", "list"},
                                                          {"image", "show"},
                                                          {"artifact", "put"},
                                                          {"artifact", "get"},
                                                          {"completion"}};
  for (auto words : commands) {
    const std::string name = "assay " + join(words, " ");
    words.emplace_back("--help");
    const std::string text = std::get<TextOptions>(good(words).command).text;
    EXPECT_THAT(text, HasSubstr("Examples:")) << name;
    EXPECT_THAT(text, HasSubstr("Usage: " + name)) << name;
  }
  EXPECT_THAT(std::get<TextOptions>(good({"--help"}).command).text,
              HasSubstr("Exit status: 0 passed"));
  EXPECT_THAT(std::get<TextOptions>(good({}).command).text, HasSubstr("Exit status: 0 passed"));
  EXPECT_EQ(std::get<TextOptions>(good({"--version"}).command).text, "assay 0.1.0\n");
}

TEST(CommandLine, CompletionKnowsEveryCommand) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    const std::string script = std::get<TextOptions>(good({"completion", shell}).command).text;
    for (const char* word : {"artifact", "quarantine", "junit", "assay words runs"}) {
      EXPECT_THAT(script, HasSubstr(word)) << shell;
    }
  }
  EXPECT_THAT(wrong({"completion", "tcsh"}), HasSubstr("tcsh"));
}

}  // namespace
}  // namespace assay::cli
