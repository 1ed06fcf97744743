#include "formats/junit.hpp"

#include <fmt/core.h>

#include <array>
#include <ctime>

namespace assay::formats {
namespace {

// One code point at the start of `text`; length 1 and U+FFFD for what is no UTF-8.
struct CodePoint {
  std::uint32_t value = 0xFFFD;
  std::size_t length = 1;
};

CodePoint decode(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 && lead <= 0xF4 ? 4
                             : lead >= 0xE0               ? 3
                             : lead >= 0xC2               ? 2
                                                          : 0;
  if (length == 0 || lead > 0xF4 || text.size() < length) return {};
  std::uint32_t value = lead & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3F);
  }
  constexpr std::array<std::uint32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
  if (value < least[length] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return {};
  return {value, length};
}

// https://www.w3.org/TR/xml/#charsets, less the C1 controls.
bool holds(std::uint32_t c) {
  return c == '\t' || c == '\n' || (c >= 0x20 && c < 0x7F) || (c >= 0xA0 && c <= 0xD7FF) ||
         (c >= 0xE000 && c <= 0xFFFD) || (c >= 0x10000 && c <= 0x10FFFF);
}

std::string seconds(Duration d) {
  return fmt::format("{:.3f}", std::chrono::duration<double>(d).count());
}

std::string timestamp(std::int64_t unix_micros) {
  const std::time_t at = unix_micros / 1'000'000;
  std::tm parts{};
  if (gmtime_r(&at, &parts) == nullptr) return "1970-01-01T00:00:00";
  std::array<char, 40> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  return text.data();
}

Duration took(const ReportJob& job) {
  Duration all{};
  for (const ReportAttempt& attempt : job.attempts) all += attempt.took;
  return all;
}

std::string properties(const RunReport& run) {
  std::string xml = "    <properties>\n";
  const auto add = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    xml += fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", xml_text(name),
                       xml_text(value));
  };
  add("run", run.id);
  add("project", run.project);
  add("rev", run.rev);
  add("ref", run.ref);
  for (const ReportJob& job : run.jobs) {
    add(job.id + ".attempts", std::to_string(job.attempts.size()));
    std::string boards;
    for (const ReportAttempt& attempt : job.attempts) {
      for (const auto& [role, board] : attempt.boards) {
        boards += fmt::format("{}{}={}", boards.empty() ? "" : " ", role, board);
      }
    }
    add(job.id + ".boards", boards);
  }
  return xml + "    </properties>\n";
}

// What each step did, for the one who opens the passed test.
std::string steps_of(const ReportJob& job) {
  std::string text;
  for (const ReportAttempt& attempt : job.attempts) {
    text += fmt::format("attempt {} at {}", attempt.id, attempt.agent);
    for (const auto& [role, board] : attempt.boards) text += fmt::format(", {} on {}", role, board);
    text += fmt::format(": {}\n",
                        attempt.verdict ? evidence::to_string(*attempt.verdict) : "not ended");
    for (const ReportStep& step : attempt.steps) {
      text += fmt::format("  {} {} {}\n", step.state ? evidence::to_string(*step.state) : "running",
                          seconds(step.took), step.text);
      for (const auto& line : step.console) text += fmt::format("    | {}\n", line);
    }
  }
  return text;
}

std::string testcase(const RunReport& run, const ReportJob& job, const std::string& name) {
  std::string xml = fmt::format(
      "    <testcase name=\"{}\" classname=\"{}\" time=\"{}\">\n", xml_text(name),
      xml_text(job.profile.empty() ? run.plan : run.plan + "." + job.profile), seconds(took(job)));
  const auto add = [&](const char* element, std::string_view type, std::string_view message) {
    xml += fmt::format("      <{} type=\"{}\" message=\"{}\">{}</{}>\n", element, type,
                       xml_text(message), xml_text(explain(job)), element);
  };
  if (!job.verdict) {
    add("error", "not-ended", "the job has not ended");
  } else if (job.verdict == evidence::Verdict::failed) {
    add("failure", "failed", job.sentence);
  } else if (job.verdict == evidence::Verdict::lab_error) {
    add("error", "lab-error", job.sentence);
  } else if (job.verdict == evidence::Verdict::cancelled) {
    xml += fmt::format("      <skipped message=\"{}\"/>\n",
                       xml_text(job.sentence.empty() ? "cancelled" : job.sentence));
  }
  const std::string steps = steps_of(job);
  if (!steps.empty()) xml += fmt::format("      <system-out>{}</system-out>\n", xml_text(steps));
  return xml + "    </testcase>\n";
}

}  // namespace

std::string xml_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint c = decode(text);
    if (c.value == 0xFFFD && c.length == 1) {
      out += "\xEF\xBF\xBD";
    } else if (c.value == '&') {
      out += "&amp;";
    } else if (c.value == '<') {
      out += "&lt;";
    } else if (c.value == '>') {
      out += "&gt;";
    } else if (c.value == '"') {
      out += "&quot;";
    } else if (holds(c.value)) {
      out += text.substr(0, c.length);
    }
    text.remove_prefix(c.length);
  }
  return out;
}

std::string to_junit(const RunReport& run) {
  int failures = 0, errors = 0, skipped = 0;
  Duration all{};
  for (const ReportJob& job : run.jobs) {
    all += took(job);
    if (!job.verdict || job.verdict == evidence::Verdict::lab_error) ++errors;
    if (job.verdict == evidence::Verdict::failed) ++failures;
    if (job.verdict == evidence::Verdict::cancelled) ++skipped;
  }
  const std::string counts =
      fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\"",
                  run.jobs.size(), failures, errors, skipped, seconds(all));
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  xml += fmt::format("<testsuites name=\"assay\" {}>\n", counts);
  xml += fmt::format("  <testsuite name=\"{}\" {} timestamp=\"{}\">\n", xml_text(run.plan), counts,
                     timestamp(run.started_unix_micros));
  xml += properties(run);
  const auto names = job_names(run);
  for (std::size_t i = 0; i < run.jobs.size(); ++i) xml += testcase(run, run.jobs[i], names[i]);
  return xml + "  </testsuite>\n</testsuites>\n";
}

}  // namespace assay::formats
