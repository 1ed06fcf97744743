// The one file that knows CLI11: options and commands to the values of options.hpp.

#include <CLI/CLI.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.hpp"
#include "base/version.hpp"
#include "cli/completion.hpp"
#include "cli/options.hpp"
#include "plans/yaml.hpp"
#include "wire/channel.hpp"

namespace assay::cli {
namespace {

constexpr std::string_view exit_words =
    "Exit status: 0 passed or done, 1 the product failed, 2 the command, plan or configuration\n"
    "is wrong (nothing was touched), 3 lab error, 4 cancelled, 5 assayd cannot be reached.";

class Parser {
 public:
  Parser() {
    app_.name("assay");
    app_.description(
        "Hardware-in-the-loop tests of connected devices: run plans on boards and see why.");
    app_.set_version_flag("--version", fmt::format("assay {}", version));
    app_.set_help_flag("-h,--help", "This help");
    app_.fallthrough();
    app_.require_subcommand(0, 1);
    app_.add_option("--server", server_, "Where assayd is: HOST:PORT (ASSAY_SERVER)")
        ->type_name("HOST:PORT");
    app_.footer(std::string("'assay COMMAND --help' has examples.\n\n") + std::string(exit_words));
    add_up();
    add_run();
    add_runs();
    add_run_commands();
    add_boards();
    add_board_commands();
    add_leases();
    add_plans();
    add_lab();
    add_files();
    add_completion();
  }

  tl::expected<CommandLine, UsageError> parse(std::vector<std::string> words) {
    // CLI11 passes over a word that it does not know to a command behind it.
    if (auto wrong = unknown_command(words); !wrong.empty())
      return tl::unexpected(UsageError{std::move(wrong)});
    std::reverse(words.begin(), words.end());
    try {
      app_.parse(words);
    } catch (const CLI::CallForHelp&) {
      const CLI::App* last = deepest();
      // Its Usage line names the commands above it.
      return text(last->help(last->get_parent() == nullptr ? "" : where(last->get_parent())));
    } catch (const CLI::CallForVersion&) {
      return text(fmt::format("assay {}\n", version));
    } catch (const CLI::ParseError& error) {
      return tl::unexpected(UsageError{explain(error)});
    }
    const CLI::App* last = deepest();
    if (!last->get_subcommands([](const CLI::App* one) { return !one->get_group().empty(); })
             .empty()) {
      if (last == &app_) return text(app_.help());
      return tl::unexpected(
          UsageError{fmt::format("assay {}: say what: {}", last->get_name(), join(names(*last)))});
    }
    if (auto wrong = check(); !wrong.empty()) return tl::unexpected(UsageError{std::move(wrong)});
    if (server_.empty()) {
      const char* named = std::getenv("ASSAY_SERVER");
      server_ = named != nullptr && *named != '\0' ? named : std::string(wire::default_server);
    }
    return CommandLine{std::move(command_), server_};
  }

 private:
  CommandLine text(std::string words) { return {TextOptions{std::move(words)}, ""}; }

  // `store` is what the options are bound to; parsing makes it the command.
  template <class T>
  CLI::App* add(CLI::App& parent, const char* name, const char* about, T& store,
                std::string examples) {
    CLI::App* app = parent.add_subcommand(name, about);
    app->require_subcommand(0, 1);
    app->final_callback([this, &store] { command_ = store; });
    if (!examples.empty()) app->footer("Examples:\n" + std::move(examples));
    return app;
  }
  CLI::App* add_group(const char* name, const char* about) {
    CLI::App* app = app_.add_subcommand(name, about);
    app->require_subcommand(0, 1);
    return app;
  }
  static void json(CLI::App* app, bool& flag) {
    app->add_flag("--json", flag, "For programs: proto JSON, lowerCamelCase");
  }
  static CLI::Option* needed(CLI::App* app, const char* name, std::string& value,
                             const char* about) {
    return app->add_option(name, value, about)->required()->type_name("");
  }
  static void list(CLI::App* app, const char* name, std::vector<std::string>& values,
                   const char* about, const char* type) {
    app->add_option(name, values, about)->type_name(type)->allow_extra_args(false);
  }

  static void lease(CLI::App* app, std::string& value) {
    app->add_option("--lease", value, "Under this lease of yours, on its board")->type_name("ID");
  }
  // A duration, read here so that what is wrong is said with the option's name.
  static void duration(CLI::App* app, const char* name, std::chrono::nanoseconds& value,
                       const char* about) {
    app->add_option_function<std::string>(
           name,
           [name, &value](const std::string& text) {
             std::string why_not;
             const auto read = plans::parse_duration(text, why_not);
             if (read && *read >= std::chrono::seconds(1)) {
               value = *read;
               return;
             }
             throw CLI::ValidationError(name, read ? "a second at least" : why_not);
           },
           about)
        ->type_name("TIME");
  }

  void add_up() {
    auto* app =
        add(app_, "up", "Starts an assayd and an agent with boards; Ctrl-C ends them", up_,
            "  assay up                               four virtual boards on 127.0.0.1:7420\n"
            "  assay up --lab lab.yaml                the boards on your desk\n"
            "  assay up --boards 2 --listen 127.0.0.1:0 --web 127.0.0.1:0 --state /tmp/lab");
    app->add_option("--state", up_.state,
                    "Runs, boards' flash, logs (default $XDG_STATE_HOME/assay/up)")
        ->type_name("DIR");
    app->add_option("--boards", up_.boards, "Virtual boards (default 4, beside --lab none)")
        ->type_name("N")
        ->check(CLI::Range(0, 256));
    app->add_option("--boards-profile", up_.profile, "Their type (default virtual-zephyr)")
        ->type_name("NAME");
    app->add_option("--lab", up_.lab, "Boards of your own: a lab file")->type_name("FILE");
    app->add_option("--listen", up_.listen,
                    "Where assayd listens (default 127.0.0.1:7420; port 0: a free one)")
        ->type_name("HOST:PORT");
    app->add_option(
           "--web", up_.web,
           "Where the pages are (default 127.0.0.1:7480; port 0: a free one; off: nowhere)")
        ->type_name("HOST:PORT");
    add_limits(app);
  }

  void add_limits(CLI::App* app) {
    app->add_option("--project-queued", up_.project_queued,
                    "Jobs of a project that may wait; more are refused")
        ->type_name("N")
        ->check(CLI::Range(1, 1'000'000));
    app->add_option("--project-running", up_.project_running,
                    "Attempts of a project that may run at once; others wait")
        ->type_name("N")
        ->check(CLI::Range(1, 1'000'000));
    app->add_option("--attempt-limit", up_.attempt_limit,
                    "What one attempt's events may take (default 256): of a console that says "
                    "more, head and tail are kept")
        ->type_name("MIB")
        ->check(CLI::Range(4, 1 << 20));
  }

  void add_run() {
    auto* app =
        add(app_, "run", "Runs a plan and waits for its verdict", run_,
            "  assay run ota-confirm --artifact base=base.hex --artifact update=v2.bin\n"
            "  assay run .assay/boot.yaml --artifact image=build/zephyr.hex --board nucleo-1\n"
            "  assay run smoke --repeat 20 --rev \"$GIT_SHA\" --junit assay.xml");
    needed(app, "plan", run_.plan, "PLAN.yaml, or the name of a shipped plan (assay plan list)");
    list(app, "--artifact", artifacts_, "A file under test; once for each artifact of the plan",
         "NAME=FILE");
    list(app, "--param", params_, "A parameter of the plan", "NAME=VALUE");
    app->add_option("--profile", run_.profile, "Only this board type")->type_name("NAME");
    app->add_option("--board", run_.board,
                    "Only this board; under your lease if you have one of it")
        ->type_name("ID");
    list(app, "--tag", run_.tags, "Only boards with this tag; may be repeated", "TAG");
    lease(app, run_.lease);
    app->add_option("--project", run_.project, "Whose run it is, for fair shares")
        ->type_name("NAME");
    app->add_option("--rev", run_.rev, "The revision under test, for reports")->type_name("SHA");
    app->add_option("--ref", run_.ref, "Its branch or tag")->type_name("NAME");
    app->add_option("--priority", run_.priority, "-100 to 100, higher runs first")
        ->type_name("N")
        ->check(CLI::Range(-100, 100));
    app->add_option("--repeat", run_.repeat, "How often, 1 to 1000")
        ->type_name("N")
        ->check(CLI::Range(1, 1000));
    app->add_flag("--detach", run_.detach, "Print the run's id and leave");
    app->add_option("--junit", run_.junit, "Write the verdict as JUnit XML")->type_name("FILE");
    json(app, run_.json);
  }

  void add_runs() {
    auto* app = add(app_, "runs", "Lists runs, newest first", runs_,
                    "  assay runs --status failed --limit 10\n"
                    "  assay runs --profile virtual-zephyr --text 'not seen'\n"
                    "  assay runs --json | jq -r '.runs[].id'");
    app->add_option("--plan", runs_.plan, "Only runs of this plan")->type_name("NAME");
    app->add_option("--project", runs_.project, "Only this project's")->type_name("NAME");
    app->add_option("--ref", runs_.ref, "Only of this branch or tag")->type_name("NAME");
    app->add_option("--rev", runs_.rev, "Only of this revision, in full")->type_name("SHA");
    app->add_option("--profile", runs_.profile, "Only with a job on this board type")
        ->type_name("NAME");
    app->add_option("--text", runs_.text,
                    "Only with this text in plan, project, revision, ref or verdict")
        ->type_name("TEXT");
    app->add_option("--status", runs_.status,
                    "passed, failed, lab-error, cancelled, running or queued")
        ->type_name("WORD")
        ->check(CLI::IsMember({"passed", "failed", "lab-error", "cancelled", "running", "queued"}));
    app->add_option("--limit", runs_.limit, "At most so many, to 1000 (default 50)")
        ->type_name("N")
        ->check(CLI::Range(1, 1000));
    app->add_option("--page", runs_.page, "The next page's token, from the last listing")
        ->type_name("TOKEN");
    json(app, runs_.json);
  }

  void add_run_commands() {
    auto* app = add(app_, "watch", "Shows runs live; exits with the worst verdict", watch_,
                    "  assay watch r17 r18");
    app->add_option("runs", watch_.runs, "Runs")->required()->type_name("");
    app = add(app_, "show", "Shows a run: verdict, steps, evidence", show_,
              "  assay show r17\n"
              "  assay show r17 --json | jq .jobs[0].attempts[0].steps");
    needed(app, "run", show_.run, "Run");
    json(app, show_.json);
    app = add(app_, "log", "Prints what the boards' consoles said", log_,
              "  assay log r17 --follow\n  assay log r17.1.1 --raw > console.bin");
    needed(app, "run", log_.run, "Run, or one attempt of it (r17.1.2)");
    app->add_flag("-f,--follow", log_.follow, "Go on until the run ends");
    app->add_option("--role", log_.role, "Only this role's board")->type_name("ROLE");
    app->add_flag("--raw", log_.raw, "The bytes as received, update frames and colours included");
    app->add_flag("--events,--json", log_.events,
                  "For programs: every event, a line of proto JSON each");
    app = add(app_, "why", "Says why a run waits", why_, "  assay why r17");
    needed(app, "run", why_.run, "Run");
    json(app, why_.json);
    app =
        add(app_, "cancel", "Cancels a run", cancel_, "  assay cancel r17 --reason 'wrong image'");
    needed(app, "run", cancel_.run, "Run");
    app->add_option("--reason", cancel_.reason, "Why, for the record")->type_name("TEXT");
    app = add(app_, "retest", "Runs the same once more and waits", retest_, "  assay retest r17");
    needed(app, "run", retest_.run, "Run");
    app->add_flag("--detach", retest_.detach, "Print the new run's id and leave");
    json(app, retest_.json);
    app = add(app_, "report", "Writes a run as one HTML file, JUnit, TAP or JSON", report_,
              "  assay report r17 --html r17.html\n  assay report r17 --junit assay.xml\n"
              "  assay report r17 --tap -");
    needed(app, "run", report_.run, "Run");
    app->add_option("--html", report_.html, "All of it in one page; - is standard output")
        ->type_name("FILE");
    app->add_option("--max-size", report_.max_size, "Of that file, 1 to 500; default 20")
        ->type_name("MIB");
    app->add_option("--junit", report_.junit, "JUnit XML; - is standard output")->type_name("FILE");
    app->add_option("--tap", report_.tap, "Test Anything Protocol; - is standard output")
        ->type_name("FILE");
    json(app, report_.json);
  }

  void add_boards() {
    json(add(app_, "boards", "Lists boards", boards_, "  assay boards"), boards_.json);
    auto* app = add(app_, "board", "Shows one board", board_, "  assay board v1");
    needed(app, "board", board_.board, "Board");
    json(app, board_.json);
    json(add(app_, "agents", "Lists agents", agents_, "  assay agents"), agents_.json);
  }

  void add_board_commands() {
    auto* app = add(app_, "power", "Switches a board, or says what is known of its power", power_,
                    "  assay power v1 cycle\n  assay power v1 status");
    needed(app, "board", power_.board, "Board");
    needed(app, "to", power_.to, "on, off, cycle or status")
        ->check(CLI::IsMember({"on", "off", "cycle", "status"}));
    lease(app, power_.lease);
    json(app, power_.json);
    app = add(app_, "flash", "Writes a file to a board", flash_,
              "  assay flash v1 base.hex\n  assay flash v1 v2.bin --slot secondary");
    needed(app, "board", flash_.board, "Board");
    needed(app, "file", flash_.file, "Intel HEX, ELF or raw bytes");
    app->add_option("--slot", flash_.slot, "Into this slot; default: the whole chip, erased first")
        ->type_name("NAME");
    lease(app, flash_.lease);
    json(app, flash_.json);
    app = add(app_, "console", "A board's console; Ctrl-] leaves it", console_,
              "  assay console v1                       holds the board and types on it\n"
              "  assay console v1 --read-only           disturbs nobody\n"
              "  echo help | assay console v1 --write");
    needed(app, "board", console_.board, "Board");
    app->add_flag("--write", console_.write, "Hold the board and type (default on a terminal)");
    app->add_flag("--read-only", console_.read_only, "Only look; also while a run has the board");
    lease(app, console_.lease);
    app = add(app_, "quarantine", "Takes a board out of use", quarantine_,
              "  assay quarantine v1 --why 'cable is loose'");
    needed(app, "board", quarantine_.board, "Board");
    app->add_option("--why", quarantine_.why, "The reason, shown to others")
        ->required()
        ->type_name("TEXT");
    app = add(app_, "restore", "Takes a board back into use", restore_, "  assay restore v1");
    needed(app, "board", restore_.board, "Board");
  }

  void add_leases() {
    auto* app = add(
        app_, "lease", "Queues for a board and has it for you; Ctrl-C gives it back", lease_,
        "  assay lease v1                                 until Ctrl-C, 30 min at most\n"
        "  assay lease --profile virtual-zephyr --tag ble --for 2h\n"
        "  assay lease v1 --for 8h --detach --wait        outlives this command\n"
        "\nIt shows its place in the queue, says when you have the board and warns before the\n"
        "end. power, flash, console and run --board use your lease of the board by themselves.\n"
        "You are ASSAY_PERSON, or user@host. Exit status: 0 released or over, 4 taken back,\n"
        "or withdrawn before it had a board.");
    app->add_option("board", lease_.board, "Board, or --profile for any")->type_name("");
    duration(app, "--for", lease_.length, "For how long, to a week (default 30m)");
    app->add_option("--profile", lease_.profile, "Any board of this type")->type_name("NAME");
    list(app, "--tag", lease_.tags, "Only boards with this tag; may be repeated", "TAG");
    app->add_option("--priority", lease_.priority, "-100 to 100, higher ones first")
        ->type_name("N")
        ->check(CLI::Range(-100, 100));
    app->add_flag("--detach", lease_.detach,
                  "Keep it when this command ends, until it is released or over");
    app->add_flag("--wait", lease_.wait, "With --detach: come back when it has the board");
    json(app, lease_.json);
    app = add(app_, "extend", "Makes your lease longer", extend_, "  assay extend v1 --for 15m");
    needed(app, "board", extend_.lease, "Board, or the lease's id");
    duration(app, "--for", extend_.by, "By how much");
    app->get_option("--for")->required();
    json(app, extend_.json);
    app = add(app_, "release", "Gives a leased board back", release_,
              "  assay release v1\n"
              "  assay release r17 --why 'release week'     also another person's");
    needed(app, "board", release_.lease, "Board, or the lease's id");
    app->add_option("--why", release_.why, "The reason; needed for another person's lease")
        ->type_name("TEXT");
    json(app, release_.json);
  }

  void add_plans() {
    auto* group = add_group("plan", "Plans: check, schema, list (needs no assayd)");
    auto* app = add(*group, "check", "Says what is wrong with plans, board types and lab files",
                    check_, "  assay plan check .assay/*.yaml");
    app->add_option("files", check_.files, "Files")->required()->type_name("");
    json(app, check_.json);
    add(*group, "schema", "Prints the plan format as JSON Schema, for editors", schema_,
        "  assay plan schema > plan.schema.json");
    json(add(*group, "list", "Lists the plans that come with Assay", plans_, "  assay plan list"),
         plans_.json);
  }

  void add_lab() {
    auto* lab = add_group("lab", "Labs: check");
    auto* app =
        add(*lab, "check", "Tries every ability of boards, and whether they belong together",
            lab_check_,
            "  assay lab check                every board that is free\n"
            "  assay lab check v1 v2\n"
            "\nPower is cut and given, the board reset and read. Exit status: 0 all is well,\n"
            "3 a board is not as its lab file says.");
    app->add_option("board", lab_check_.boards, "Boards, else all")->type_name("");
    json(app, lab_check_.json);
  }

  void add_files() {
    auto* image = add_group("image", "Firmware images (needs no assayd)");
    auto* app = add(*image, "show", "Shows header, TLVs, hash and trailer of an MCUboot image",
                    image_, "  assay image show v2.signed.bin");
    needed(app, "file", image_.file, "Raw, Intel HEX or ELF");
    app->add_option("--base", image_.base, "Address of a raw file's first byte (default 0)")
        ->type_name("ADDRESS");
    json(app, image_.json);
    auto* artifact = add_group("artifact", "Files that assayd keeps by SHA-256");
    app = add(*artifact, "put", "Uploads a file and prints its SHA-256", put_,
              "  assay artifact put v2.bin");
    needed(app, "file", put_.file, "File");
    json(app, put_.json);
    app = add(*artifact, "get", "Downloads a file", get_, "  assay artifact get SHA256 -o v2.bin");
    needed(app, "sha256", get_.sha256, "64 hexadecimal digits");
    app->add_option("-o,--output", get_.output, "Where to (default standard output)")
        ->type_name("FILE");
  }

  void add_completion() {
    auto* app = app_.add_subcommand("completion", "Prints a completion script for a shell");
    app->add_option("shell", shell_, "bash, zsh or fish")
        ->required()
        ->type_name("")
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    app->footer(
        "Examples:\n  source <(assay completion bash)\n"
        "  assay completion zsh > \"${fpath[1]}/_assay\"\n"
        "  assay completion fish > ~/.config/fish/completions/assay.fish");
    app->final_callback([this] { command_ = TextOptions{completion_script(shell_, tree())}; });
    app = add(app_, "words", "Word lists for completion scripts", words_, "");
    app->group("");
    needed(app, "of", words_.of, "runs, boards, plans or profiles");
  }

  std::vector<CommandWords> tree() const {
    std::vector<CommandWords> all;
    collect(app_, "", all);
    return all;
  }
  static void collect(const CLI::App& app, const std::string& path,
                      std::vector<CommandWords>& all) {
    CommandWords words{path, app.get_description(), names(app), {}, "", {}};
    for (const CLI::Option* option : app.get_options()) {
      if (!option->get_lnames().empty()) words.options.push_back("--" + option->get_lnames()[0]);
      if (!option->get_positional() || !words.takes.empty()) continue;
      const std::string name = option->get_name();
      words.takes = name == "runs" ? "run" : name == "files" ? "file" : name;
    }
    if (path == "power") words.choices = {"on", "off", "cycle", "status"};
    if (path == "completion") words.choices = {"bash", "zsh", "fish"};
    all.push_back(std::move(words));
    for (const CLI::App* sub : visible(app)) {
      collect(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), all);
    }
  }
  static std::vector<const CLI::App*> visible(const CLI::App& app) {
    return app.get_subcommands([](const CLI::App* one) { return !one->get_group().empty(); });
  }
  static std::vector<std::string> names(const CLI::App& app) {
    std::vector<std::string> all;
    for (const CLI::App* sub : visible(app)) all.push_back(sub->get_name());
    return all;
  }

  CLI::App* deepest() {
    CLI::App* app = &app_;
    while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
    return app;
  }
  static std::string where(const CLI::App* app) {
    std::string path;
    for (; app != nullptr; app = app->get_parent()) {
      path = path.empty() ? app->get_name() : app->get_name() + " " + path;
    }
    return path;
  }

  static std::string unknown_command(const CLI::App& app, const std::string& word) {
    const auto known = names(app);
    const std::string near = did_you_mean(word, known);
    return fmt::format("{}: unknown command '{}'{}", where(&app), printable(word),
                       near.empty() ? "; there are " + join(known) : near);
  }
  // "" when there is none.
  [[nodiscard]] std::string unknown_command(const std::vector<std::string>& words) const {
    const CLI::App* app = &app_;
    for (std::size_t i = 0; i < words.size() && !names(*app).empty(); ++i) {
      const std::string& word = words[i];
      if (word == "--server") ++i;
      if (word.starts_with('-')) continue;
      const auto called =
          app->get_subcommands([&](const CLI::App* one) { return one->get_name() == word; });
      if (called.empty()) return unknown_command(*app, word);
      app = called.front();
    }
    return "";
  }

  // One sentence with a remedy in place of CLI11's words.
  std::string explain(const CLI::ParseError& error) {
    const CLI::App* last = deepest();
    const std::string at = where(last);
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
      const auto extras = app_.remaining(true);
      const std::string word = extras.empty() ? "" : extras.front();
      if (word.starts_with('-')) {
        std::vector<std::string> known;
        for (const CLI::App* app = last; app != nullptr; app = app->get_parent()) {
          for (const CLI::Option* option : app->get_options()) {
            for (const auto& name : option->get_lnames()) known.push_back("--" + name);
          }
        }
        const std::string near = did_you_mean(word.substr(0, word.find('=')), known);
        return fmt::format("{}: unknown option '{}'{}", at, printable(word),
                           near.empty() ? fmt::format("; see '{} --help'", at) : near);
      }
      if (!names(*last).empty()) return unknown_command(*last, word);
      return fmt::format("{}: unexpected '{}'; see '{} --help'", at, printable(word), at);
    }
    std::string words = printable(error.what());
    return fmt::format("{}: {}; see '{} --help'", at, words, at);
  }

  // NAME=VALUE and what else CLI11 cannot say well.
  std::string check() {
    auto* run = std::get_if<RunOptions>(&command_);
    if (run != nullptr) {
      if (auto wrong = pairs("--artifact", artifacts_, "update=v2.bin", run->artifacts);
          !wrong.empty())
        return wrong;
      if (auto wrong = pairs("--param", params_, "boots=5", run->params); !wrong.empty())
        return wrong;
      if (run->detach && !run->junit.empty()) {
        return "assay run: --junit needs the verdict: leave out --detach, or 'assay report RUN "
               "--junit FILE' later";
      }
    }
    if (auto* quarantine = std::get_if<QuarantineOptions>(&command_);
        quarantine != nullptr && app_.got_subcommand("quarantine") && quarantine->why.empty()) {
      return "assay quarantine: --why must say something, for example --why 'cable is loose'";
    }
    if (const auto* lease = std::get_if<LeaseOptions>(&command_)) {
      if (lease->board.empty() && lease->profile.empty())
        return "assay lease: name a board, or --profile NAME for any of that type";
      if (lease->wait && !lease->detach)
        return "assay lease: --wait is for --detach: without it the command stays with the lease";
    }
    const auto* report = std::get_if<ReportOptions>(&command_);
    if (report != nullptr && report->html.empty() && report->junit.empty() && report->tap.empty() &&
        !report->json) {
      return "assay report: say as what: --html FILE, --junit FILE, --tap FILE or --json";
    }
    if (report != nullptr && (report->max_size < 1 || report->max_size > max_report_mib)) {
      return fmt::format("assay report: --max-size {}: 1 to {} MiB", report->max_size,
                         max_report_mib);
    }
    return "";
  }
  static std::string pairs(const char* option, const std::vector<std::string>& words,
                           const char* example, Pairs& into) {
    for (const std::string& word : words) {
      const auto at = word.find('=');
      if (at == std::string::npos || at == 0) {
        return fmt::format(
            "assay run: {} '{}': write {}, for example {} {}", option, printable(word),
            std::string_view(option) == "--param" ? "NAME=VALUE" : "NAME=FILE", option, example);
      }
      const std::string name = word.substr(0, at);
      for (const auto& [known, value] : into) {
        if (known == name)
          return fmt::format("assay run: {} {} is given twice", option, printable(name));
      }
      into.emplace_back(name, word.substr(at + 1));
    }
    return "";
  }

  CLI::App app_;
  Command command_;
  std::string server_, shell_;
  std::vector<std::string> artifacts_, params_;
  UpOptions up_;
  RunOptions run_;
  WatchOptions watch_;
  RunsOptions runs_;
  ShowOptions show_;
  LogOptions log_;
  WhyOptions why_;
  CancelOptions cancel_;
  RetestOptions retest_;
  ReportOptions report_;
  BoardsOptions boards_;
  BoardOptions board_;
  PowerOptions power_;
  FlashOptions flash_;
  ConsoleOptions console_;
  QuarantineOptions quarantine_, restore_;
  LabCheckOptions lab_check_;
  LeaseOptions lease_;
  ExtendOptions extend_;
  ReleaseOptions release_;
  AgentsOptions agents_;
  PlanCheckOptions check_;
  PlanSchemaOptions schema_;
  PlanListOptions plans_;
  ImageShowOptions image_;
  ArtifactPutOptions put_;
  ArtifactGetOptions get_;
  WordsOptions words_;
};

}  // namespace

tl::expected<CommandLine, UsageError> parse_command_line(std::vector<std::string> words) {
  return Parser().parse(std::move(words));
}

}  // namespace assay::cli
