#include "faults/machine.hpp"

namespace assay::faults {

Machine::Machine(const Image& image) : disk(folder.path(), image) {
  image.write_to(folder.path());
}

Image left_on(const Disk& disk, Left left, std::uint64_t seed) {
  Replay replay(disk);
  while (replay.step()) {
  }
  return replay.cut(keep(left, seed, replay.done()));
}

}  // namespace assay::faults
