// Writes a disk image to a file as the driver `disk` does, and prints three numbers: the
// milliseconds of writing (until it is synced) and of reading back, and the peak of its
// memory in KiB. A helper of run.py's: bench_disk IMAGE TARGET
#include <sys/resource.h>

#include <cstdio>

#include "drivers/disk/copy.hpp"

int main(int argc, char** argv) {
  using namespace assay;
  if (argc != 3) return 2;
  const auto run = [&]() -> Result<drivers::Copied> {
    const auto image = TRY(drivers::open_image(argv[1]));
    auto target = TRY(drivers::Target::open({.file = argv[2]}, drivers::Target::For::writing));
    return drivers::copy({.image = *image, .target = target, .room = target.size()}, {});
  };
  const auto done = run();
  if (!done) {
    std::fprintf(stderr, "%s\n", done.error().text.c_str());
    return 1;
  }
  const auto ms = [](Duration d) { return static_cast<double>(d.count()) / 1e6; };
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  std::printf("%.1f %.1f %ld\n", ms(done->writing), ms(done->verifying), used.ru_maxrss);
  return 0;
}
