// A disk that remembers what was done to a folder, in order, and tells what a power
// cut after any of it may leave: all that was synced, and of the rest any part, in
// sectors of 512 bytes and single names of files.
//
// It is told by crash_vfs.hpp (SQLite) and files.cpp (system calls). Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"

namespace assay::faults {

using Path = std::string;  // below the disk's root: "r1/r1.1.1.seg"; "" is the root

enum class Kind { create, make_folder, write, truncate, sync, sync_folder, rename, unlink, read };

struct Operation {
  Kind kind;
  Path path;               // of create, make_folder, sync_folder, rename, unlink
  Path to = {};            // of rename
  int file = -1;           // of create, write, truncate, sync
  std::uint64_t at = 0;    // of write: offset; of truncate: the new size
  std::string bytes = {};  // of write
  bool failed = false;     // of sync: what it was about is clean now, but perhaps not on disk
};

// What is on a disk.
struct Image {
  std::map<Path, std::string> files;
  std::set<Path> folders;
  void write_to(const std::filesystem::path&) const;
  [[nodiscard]] std::size_t hash() const;
};

// For thousands of images: in memory where that is possible.
TempFolder memory_folder();

// Whether this sector (or the size, or a name) of an operation that was not synced is kept.
inline constexpr std::uint64_t the_size = ~std::uint64_t{0}, the_name = the_size - 1;
using Keep = std::function<bool(std::size_t operation, std::uint64_t sector)>;

// Which of all that might be left.
enum class Left { nothing, everything, whole_writes, sectors, until_torn };
inline constexpr std::array all_left{Left::nothing, Left::everything, Left::whole_writes,
                                     Left::sectors, Left::until_torn};
std::string_view to_string(Left);
Keep keep(Left, std::uint64_t seed, std::size_t operations);

// What goes wrong in the `at`th call, counted from 0, and in those after it.
struct Fault {
  std::size_t at = ~std::size_t{0};
  int error = 5;         // EIO
  bool half = false;     // of a write one half is done
  bool lasting = false;  // until heal()
  bool killed = false;   // it is not the disk, but nobody is left to call it
};

class Disk {
 public:
  explicit Disk(std::filesystem::path root, Image = {});

  // "r1/x" of ROOT/r1/x.
  [[nodiscard]] std::optional<Path> below(std::string_view path) const;

  // For whoever passes operations on. call(): the error that this one must fail with, or 0.
  int call(Kind);
  [[nodiscard]] bool half() const { return fault_.half; }
  [[nodiscard]] int file(const Path&) const;  // -1: there is none
  int create(const Path&);
  // Made now, unless it is known; so are those above it, and above files.
  void know_folder(const Path&);
  void write(int file, std::uint64_t at, std::string_view bytes);
  void truncate(int file, std::uint64_t size);
  void sync(int file, bool failed = false);
  void sync_folder(const Path&);
  void rename(const Path& from, const Path& to);
  void unlink(const Path&);

  // For tests.
  void inject(const Fault& fault) { fault_ = fault; }
  void heal() { fault_ = {}; }
  [[nodiscard]] const std::vector<Kind>& kinds() const { return kinds_; }  // of all calls
  [[nodiscard]] bool failed() const { return failed_; }                    // one or more calls
  // A disk that says it has synced and has not, where this is true of a file's or folder's path.
  void lie(std::function<bool(Kind, const Path&)> about) { lie_ = std::move(about); }
  [[nodiscard]] const std::vector<Operation>& operations() const { return operations_; }
  [[nodiscard]] const Image& before() const { return before_; }

 private:
  bool lied(Kind kind, const Path& path) const { return lie_ && lie_(kind, path); }

  const std::string root_;
  const Image before_;
  std::vector<Operation> operations_;
  std::map<Path, int> files_;
  std::set<Path> folders_;
  std::vector<Path> names_;  // of files, as they were made
  Fault fault_;
  std::vector<Kind> kinds_;
  bool failed_ = false;
  std::function<bool(Kind, const Path&)> lie_;
};

// Goes through what a disk remembers, one operation after another.
class Replay {
 public:
  explicit Replay(const Disk&);
  // False when there is no further operation.
  bool step();
  [[nodiscard]] std::size_t done() const { return done_; }
  // What a power cut now leaves.
  [[nodiscard]] Image cut(const Keep&) const;

 private:
  static constexpr std::size_t sector = 512;
  struct Version {
    std::size_t operation;  // ~0: it is there for certain
    std::array<char, sector> bytes;
  };
  struct Sector {
    std::vector<Version> versions;  // oldest first
    bool dirty = false;
  };
  struct Size {
    std::size_t operation;
    std::uint64_t bytes;
  };
  struct File {
    std::vector<Sector> sectors;
    std::vector<Size> sizes;
    std::set<std::size_t> dirty;  // sectors
  };
  struct Name {  // a change of names that is not synced
    std::size_t operation;
    Path from, to;  // "": none
    int file;       // -1: a folder
  };
  static constexpr int a_folder = -1;

  int add_file(std::string_view bytes);
  void write(File&, std::uint64_t at, std::string_view bytes);
  void resize(File&, std::uint64_t size);
  static void sync(File&, bool failed);
  void sync_folder(const Path&);
  static void apply(std::map<Path, int>&, const Name&);
  [[nodiscard]] std::string content(const File&, const Keep&) const;

  const std::vector<Operation>& operations_;
  std::size_t done_ = 0;
  std::vector<File> files_;
  std::map<Path, int> names_;  // on disk for certain
  std::vector<Name> changes_;
};

}  // namespace assay::faults
