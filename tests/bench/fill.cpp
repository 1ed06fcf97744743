// Makes a state folder as a lab would have it after two years: for benchmarks.
//   bench_fill DIR [RUNS [EVENTS [CONSOLE_MIB]]]
// Runs come through the store's interface, in large batches. Events of the newest
// attempts (older ones would have been thrown away) are written into segment files
// directly: synced one by one, as an agent's are, they would take an hour. The
// newest run is one attempt with a long console. The same arguments make the same folder.
#include <assay/v1/job.pb.h>
#include <assay/v1/orchestrator.pb.h>

#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/file.hpp"
#include "evidence/event.hpp"
#include "scheduler/types.hpp"
#include "segments/segments.hpp"
#include "store/store.hpp"
#include "wire/event.hpp"
#include "wire/record.hpp"

namespace assay {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t batch_runs = 1000;

const std::vector<std::string> projects{"sensor", "gateway", "door-lock", "meter", "pump"};
const std::vector<std::string> plans{
    "ota-confirm", "ota-revert",    "ota-downgrade", "boot-time", "power-cuts",   "smoke",
    "radio-range", "sleep-current", "factory-reset", "logging",   "key-rotation", "soak"};
const std::vector<std::string> profiles{"virtual-zephyr", "nrf52840dk",   "virtual-sensor",
                                        "stm32-nucleo",   "gateway-imx8", "meter-v3"};
constexpr int boards_a_profile = 10;
constexpr const char* failure =
    "app.ready was not seen within 10 s; the last line was 'E: no image'";
constexpr const char* flash_text = "flash base";
constexpr const char* flash_place = "plan.yaml:9:5";
constexpr const char* expect_text = "expect app.ready within 10 s";
constexpr const char* expect_place = "plan.yaml:12:5";

struct Wanted {
  fs::path folder;
  std::int64_t runs = 100'000, events = 10'000'000, console_mib = 100;
};

class Fill {
 public:
  explicit Fill(Wanted wanted) : wanted_(std::move(wanted)) {}

  Result<> all() {
    TRY(make_folders(wanted_.folder));
    {
      const auto store = TRY(store::open_sqlite(wanted_.folder));
      TRY(boards(*store));
      for (std::int64_t n = 1; n <= wanted_.runs; ++n) {
        run(n);
        if (n % batch_runs != 0 && n != wanted_.runs) continue;
        TRY(store->commit(batch_));
        batch_ = {};
      }
    }
    // From the newest back, as many as are wanted.
    std::int64_t left = wanted_.events;
    std::int64_t with_events = 0;
    for (auto at = attempts_.rbegin(); at != attempts_.rend() && left > 0; ++at, ++with_events) {
      left -= TRY(at == attempts_.rbegin() ? console(*at) : steps(*at));
    }
    std::printf("%zu attempts, %lld of them with events\n", attempts_.size(),
                static_cast<long long>(with_events));
    return {};
  }

 private:
  struct Attempt {
    std::string id, board, verdict;
  };

  std::uint64_t any(std::uint64_t below) { return random_() % below; }
  bool chance(int percent) { return any(100) < static_cast<std::uint64_t>(percent); }
  // The first are the busiest.
  const std::string& busy(const std::vector<std::string>& words) {
    return words[std::min(any(words.size()), any(words.size()))];
  }
  static std::string board_name(std::size_t profile, std::size_t n) {
    return fmt::format("{}-{}", profiles[profile], n + 1);
  }

  Result<> boards(store::Store& store) {
    store::Batch batch;
    for (std::size_t p = 0; p < profiles.size(); ++p) {
      for (std::size_t n = 0; n < boards_a_profile; ++n) {
        batch.boards.push_back({board_name(p, n), fmt::format("lab-{}", n % 4), profiles[p],
                                R"({"abilities":["power","flash","console","reset"],"tags":[]})",
                                "", "", 1000});
      }
    }
    return store.commit(batch);
  }

  // A build is tested by a few plans, now and then by one of them twice.
  void next_build() {
    static constexpr const char* hex = "0123456789abcdef";
    build_.project = busy(projects);
    build_.ref = chance(60)   ? "main"
                 : chance(30) ? fmt::format("release/{}.x", 1 + any(4))
                              : fmt::format("feature/{}", any(900));
    build_.rev.clear();
    for (int i = 0; i < 40; ++i) build_.rev += hex[any(16)];
    left_of_build_ = 1 + any(12);
    bad_ = chance(10);
  }

  void run(std::int64_t number) {
    if (left_of_build_-- == 0) next_build();
    store::RunRow row = build_;
    const std::int64_t ago = (wanted_.runs - number) * (2 * 365 * 86400 / wanted_.runs);
    row.number = number;
    row.plan = busy(plans);
    row.request_id = fmt::format("request-{}", number);
    row.submitted = newest_ - ago * second;
    row.started = row.submitted + static_cast<std::int64_t>(any(60 * second));
    row.state = "ended";
    v1::SubmitRunRequest request;
    request.mutable_plan()->set_name(row.plan + ".yaml");
    request.mutable_plan()->set_text(std::string(1200, '#') + row.plan);
    row.request = request.SerializeAsString();
    row.verdict = "passed";
    const auto jobs = number == wanted_.runs ? 1 : 1 + std::min(any(4), any(4));
    for (std::uint64_t j = 1; j <= jobs; ++j) job(row, static_cast<std::int32_t>(j));
    batch_.runs.push_back(row);
  }

  static constexpr int expectations = 11;

  static v1::JobSpec spec(const std::string& plan, const std::string& profile) {
    v1::JobSpec spec;
    spec.set_plan(plan);
    (*spec.mutable_params())["boots"] = "3";
    auto* role = spec.add_roles();
    role->set_name("dut");
    role->mutable_profile()->set_name(profile);
    auto* base = spec.add_artifacts();
    base->set_name("base");
    base->set_sha256(std::string(64, 'b'));
    base->set_size(150'000);
    auto* flash = spec.add_steps();
    flash->set_role("dut");
    flash->set_text(flash_text);
    flash->set_place(flash_place);
    flash->mutable_flash()->set_artifact("base");
    for (int i = 0; i < expectations; ++i) {
      auto* step = spec.add_steps();
      step->set_role("dut");
      step->set_text(expect_text);
      step->set_place(expect_place);
      step->mutable_expect()->mutable_marker()->set_name("app.ready");
      step->mutable_expect()->mutable_within()->set_seconds(10);
    }
    return spec;
  }

  static int rank(const std::string& verdict) {
    return verdict == "failed" ? 3 : verdict == "lab-error" ? 2 : verdict == "cancelled" ? 1 : 0;
  }

  void job(store::RunRow& run, std::int32_t index) {
    const std::size_t profile = std::min(any(profiles.size()), any(profiles.size()));
    store::JobRow row;
    row.run = run.number;
    row.index = index;
    row.profile = profiles[profile];
    row.params_json = R"({"boots":"3"})";
    row.needs_json = json{
        {{"role", "dut"},
         {"profile", row.profile},
         {"abilities", {"power", "flash"}},
         {"board", ""}}}.dump();
    row.verbs_json = R"(["flash","power","expect"])";
    row.spec = spec(run.plan, row.profile).SerializeAsString();
    row.spec_digest = to_hex(sha256(as_bytes(row.spec)));
    row.state = "ended";
    row.verdict = chance(bad_ ? 70 : 5) ? "failed" : chance(2) ? "lab-error" : "passed";
    if (chance(1)) row.verdict = "cancelled";
    if (row.verdict == "failed") row.sentence = failure;
    if (row.verdict == "lab-error") row.sentence = "the probe does not answer";
    row.attempts = row.verdict == "lab-error" ? 3 : chance(4) ? 2 : 1;
    row.lab_errors = row.attempts - (row.verdict == "lab-error" ? 0 : 1);
    std::int64_t at = run.started;
    for (std::int32_t n = 1; n <= row.attempts; ++n) at = attempt(row, n, profile, at);
    if (rank(row.verdict) > rank(run.verdict)) {
      run.verdict = row.verdict;
      run.sentence = row.sentence;
    }
    run.ended = std::max(run.ended, at);
    batch_.jobs.push_back(std::move(row));
  }

  std::int64_t attempt(const store::JobRow& job, std::int32_t number, std::size_t profile,
                       std::int64_t at) {
    store::AttemptRow row;
    row.run = job.run;
    row.job = job.index;
    row.number = number;
    const std::size_t board = any(boards_a_profile);
    row.agent = fmt::format("lab-{}", board % 4);
    row.incarnation = "0123456789abcdef";
    const std::string name = board_name(profile, board);
    row.leases_json = json{{{"role", "dut"}, {"board", name}, {"epoch", 1}}}.dump();
    row.state = "ended";
    row.verdict = number == job.attempts ? job.verdict : "lab-error";
    row.sentence = row.verdict == job.verdict ? job.sentence : "the probe does not answer";
    row.started = at;
    row.ended = at + 5 * second + static_cast<std::int64_t>(any(90 * second));
    batch_.attempts.push_back(row);
    batch_.wear.push_back({row.run, row.job, row.number, name, static_cast<std::int64_t>(any(12)),
                           1 + static_cast<std::int64_t>(any(3))});
    attempts_.push_back(
        {to_string(scheduler::AttemptId{{row.run, row.job}, number}), name, row.verdict});
    return row.ended;
  }

  Result<> write(const Attempt& attempt, const std::string& records) {
    const auto path = wanted_.folder / "segments" / attempt.id.substr(0, attempt.id.find('.')) /
                      (attempt.id + ".seg");
    TRY(make_folders(path.parent_path()));
    std::FILE* file = std::fopen(path.c_str(), "wb");
    if (file == nullptr) return fail_errno(path.string());
    const bool whole = std::fwrite(records.data(), 1, records.size(), file) == records.size();
    if (std::fclose(file) != 0 || !whole) return fail_errno(path.string());
    return {};
  }

  class Stream {
   public:
    explicit Stream(const Attempt& attempt) : attempt_(attempt) {}
    void add(evidence::Body body, bool of_board = true) {
      evidence::Event event;
      event.seq = ++seq_;
      event.at = std::chrono::milliseconds(20) * seq_;
      if (of_board) event.role = "dut", event.board = attempt_.board;
      event.body = std::move(body);
      records_ += wire::make_record(wire::encode(event));
    }
    void prints(const std::string& text) {
      evidence::ConsoleBytes console{offset_, false, Bytes(text.begin(), text.end())};
      offset_ += text.size();
      add(std::move(console));
    }
    [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(seq_); }
    [[nodiscard]] std::uint64_t printed() const { return offset_; }
    [[nodiscard]] const std::string& records() const { return records_; }

   private:
    const Attempt& attempt_;
    std::uint64_t seq_ = 0, offset_ = 0;
    std::string records_;
  };

  std::string line(std::uint64_t n) {
    static constexpr const char* words[] = {"sensor: sample", "net: link is up", "ota: slot 1",
                                            "\x1b[33mW: retry\x1b[0m", "shell> "};
    return fmt::format("[{:08}.{:03}] <inf> {} {:#x}\r\n", n / 50, n % 50 * 20, words[any(5)],
                       any(1U << 30));
  }

  void begin(Stream& stream) {
    stream.add(evidence::AttemptStarted{newest_, "lab-0", {{"qemu", "7.2.22"}}}, false);
    stream.add(evidence::StepStarted{0, "", flash_text, flash_place});
    for (std::uint64_t i = 1; i <= 20; ++i)
      stream.add(evidence::StepProgress{0, i * 5, 100, "bytes"});
    stream.add(evidence::StepEnded{0, evidence::StepState::passed, "", {}, 0, 0});
    stream.add(evidence::PowerEdge{true, true});
  }
  void end(Stream& stream, const Attempt& attempt) {
    const auto verdict = evidence::verdict_from(attempt.verdict);
    stream.add(evidence::PowerEdge{false, true});
    stream.add(evidence::AttemptEnded{*verdict, "", -1, false}, false);
  }

  Result<std::int64_t> steps(const Attempt& attempt) {
    Stream stream(attempt);
    begin(stream);
    for (std::uint32_t step = 1; step <= expectations; ++step) {
      stream.add(evidence::StepStarted{step, "", expect_text, expect_place});
      const std::uint64_t from = stream.printed();
      for (int i = 0; i < 38; ++i) stream.prints(line(static_cast<std::uint64_t>(stream.count())));
      const bool failed = step == expectations && attempt.verdict == "failed";
      stream.add(evidence::StepEnded{
          step,
          failed ? evidence::StepState::failed : evidence::StepState::passed,
          failed ? failure : "",
          {{"console", "app.ready", failed ? "not seen" : "app.ready",
            failed ? evidence::Finding::Says::disagrees : evidence::Finding::Says::agrees}},
          from,
          stream.printed() - from});
    }
    end(stream, attempt);
    TRY(write(attempt, stream.records()));
    return stream.count();
  }

  Result<std::int64_t> console(const Attempt& attempt) {
    Stream stream(attempt);
    begin(stream);
    std::uint64_t n = 0;
    while (stream.printed() < static_cast<std::uint64_t>(wanted_.console_mib) << 20U) {
      std::string piece;
      while (piece.size() < 4000) piece += line(n++);
      stream.prints(piece);
    }
    end(stream, attempt);
    TRY(write(attempt, stream.records()));
    return stream.count();
  }

  const Wanted wanted_;
  const std::int64_t newest_ = 1'790'000'000 * second;
  std::mt19937_64 random_{5};
  store::RunRow build_;
  std::uint64_t left_of_build_ = 0;
  bool bad_ = false;
  store::Batch batch_;
  std::vector<Attempt> attempts_;
};

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  const auto number = [&](int at, std::int64_t otherwise) {
    return argc > at ? std::strtoll(argv[at], nullptr, 10) : otherwise;
  };
  assay::Wanted wanted;
  if (argc < 2 || argc > 5 || (wanted.runs = number(2, wanted.runs)) < 1) {
    std::fputs("usage: bench_fill DIR [RUNS [EVENTS [CONSOLE_MIB]]]\n", stderr);
    return 2;
  }
  wanted.folder = argv[1];
  wanted.events = number(3, wanted.events);
  wanted.console_mib = number(4, wanted.console_mib);
  if (const auto filled = assay::Fill(wanted).all(); !filled) {
    std::fprintf(stderr, "bench_fill: %s\n", filled.error().text.c_str());
    return 1;
  }
  return 0;
}
