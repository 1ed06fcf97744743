// usage: slice COUNT | slice --seeds FOLDER
// COUNT altered seeds, the same ones each time; a crash leaves the input in
// ./crash-input. --seeds writes the seeds as files: libFuzzer's corpus.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>

#include "base/file.hpp"
#include "fuzz.hpp"

namespace {

using Random = std::mt19937_64;

std::string current;

// Only what a signal handler may call.
void keep(int) {
  const int fd = ::open("crash-input", O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
  if (fd >= 0) {
    [[maybe_unused]] const auto n = ::write(fd, current.data(), current.size());
    ::close(fd);
  }
  ::signal(SIGABRT, SIG_DFL);
  ::abort();
}

std::size_t below(Random& random, std::size_t limit) {
  return limit == 0 ? 0 : static_cast<std::size_t>(random() % limit);
}

// One of what damages bytes or text in practice.
void alter(std::string& bytes, const std::vector<std::string>& seeds, Random& random) {
  const auto at = below(random, bytes.size() + 1);
  switch (below(random, 8)) {
    case 0:  // a bit
      if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(random, 8)));
      break;
    case 1:  // a byte, often an extreme one
      if (at < bytes.size()) bytes[at] = "\x00\xff\x7f\x80\n:{\""[below(random, 8)];
      break;
    case 2:  // the end is missing
      bytes.resize(at);
      break;
    case 3:  // a piece is missing
      bytes.erase(at, below(random, 64));
      break;
    case 4:  // a piece comes twice
      bytes.insert(at, bytes.substr(below(random, bytes.size() + 1), below(random, 64)));
      break;
    case 5:  // a piece of another seed
    {
      const auto& other = seeds[below(random, seeds.size())];
      bytes.insert(at, other.substr(below(random, other.size() + 1), below(random, 256)));
      break;
    }
    case 6:  // four bytes, as of a length
      if (at + 4 <= bytes.size()) {
        const auto value = static_cast<std::uint32_t>(random());
        std::memcpy(bytes.data() + at, &value, 4);
      }
      break;
    default:  // the same byte many times: nesting, long words
      bytes.insert(at, below(random, 2048), at < bytes.size() ? bytes[at] : '[');
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto seeds = assay::fuzz::seeds();
  if (seeds.empty()) {
    std::fprintf(stderr, "slice: this target has no seeds\n");
    return 1;
  }
  if (argc == 3 && std::string_view(argv[1]) == "--seeds") {
    for (std::size_t i = 0; i < seeds.size(); ++i) {
      const auto file = std::filesystem::path(argv[2]) / ("seed-" + std::to_string(i));
      if (!assay::write_file(file, assay::as_bytes(seeds[i]))) return 1;
    }
    return 0;
  }
  const long count = argc == 2 ? std::atol(argv[1]) : 0;
  if (count < 1) {
    std::fprintf(stderr, "usage: slice COUNT | slice --seeds FOLDER\n");
    return 2;
  }
  for (const int fatal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) ::signal(fatal, keep);
  const auto run = [](const std::string& input) {
    current = input;
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(current.data()), current.size());
  };
  for (const auto& seed : seeds) run(seed);
  Random random(1);
  for (long i = 0; i < count; ++i) {
    std::string input = seeds[below(random, seeds.size())];
    for (auto n = 1 + below(random, 6); n > 0; --n) alter(input, seeds, random);
    run(input);
  }
  std::printf("%ld altered inputs of %zu seeds\n", count, seeds.size());
  return 0;
}
