#include "faults/disk.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace assay::faults {

namespace fs = std::filesystem;

static constexpr std::size_t certain = ~std::size_t{0};

static Path folder_of(const Path& path) {
  const auto slash = path.rfind('/');
  return slash == Path::npos ? "" : path.substr(0, slash);
}

void Image::write_to(const fs::path& root) const {
  for (const Path& folder : folders) fs::create_directories(root / folder);
  for (const auto& [path, bytes] : files) {
    std::ofstream file(root / path, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!file.flush()) throw std::runtime_error("cannot write " + (root / path).string());
  }
}

std::size_t Image::hash() const {
  const std::hash<std::string> of;
  std::size_t all = 0;
  for (const auto& [path, bytes] : files) all = (all * 31 + of(path)) * 31 + of(bytes);
  for (const Path& folder : folders) all = all * 31 + of(folder);
  return all;
}

TempFolder memory_folder() {
  static constexpr const char* memory = "/dev/shm";
  if (access(memory, W_OK) == 0) setenv("TMPDIR", memory, 0);
  return TempFolder::make("assay-crash").value();
}

std::string_view to_string(Left left) {
  static constexpr std::array<std::string_view, all_left.size()> names{
      "nothing", "everything", "whole writes", "sectors", "until a torn one"};
  return names.at(static_cast<std::size_t>(left));
}

// splitmix64: the same on every machine.
static std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111eb;
  return x ^ (x >> 31U);
}

Keep keep(Left left, std::uint64_t seed, std::size_t operations) {
  const std::uint64_t salt = mix(seed * 1000003 + operations);
  // Often few or most of them, sometimes the half.
  static constexpr std::array<std::uint64_t, 4> odds{20, 128, 128, 236};
  const auto coin = [salt](std::uint64_t a, std::uint64_t b) {
    return (mix(salt ^ mix(a * 4099 + b)) & 255U) < odds.at(salt & 3U);
  };
  switch (left) {
    case Left::nothing:
      return [](std::size_t, std::uint64_t) { return false; };
    case Left::everything:
      return [](std::size_t, std::uint64_t) { return true; };
    case Left::whole_writes:
      return [coin](std::size_t operation, std::uint64_t) { return coin(operation, 0); };
    case Left::sectors:
      return [coin](std::size_t operation, std::uint64_t s) { return coin(operation, s); };
    case Left::until_torn:
      break;
  }
  // One of the last few, which alone may not be synced.
  const std::size_t few = std::min<std::size_t>(operations, (salt & 4U) != 0 ? 2 : 12);
  const std::size_t torn = operations - 1 - (salt >> 8U) % few;
  return [coin, torn](std::size_t operation, std::uint64_t s) {
    return operation < torn || (operation == torn && coin(operation, s));
  };
}

Disk::Disk(fs::path root, Image image) : root_(root.string()), before_(std::move(image)) {
  folders_ = before_.folders;
  for (const auto& [path, bytes] : before_.files) {
    files_[path] = static_cast<int>(names_.size());
    names_.push_back(path);
  }
}

std::optional<Path> Disk::below(std::string_view path) const {
  if (path == root_) return "";
  if (!path.starts_with(root_) || path[root_.size()] != '/') return std::nullopt;
  return Path(path.substr(root_.size() + 1));
}

int Disk::call(Kind kind) {
  const std::size_t now = kinds_.size();
  kinds_.push_back(kind);
  if (now != fault_.at && (!fault_.lasting || now < fault_.at)) return 0;
  failed_ = true;
  return fault_.error;
}

int Disk::file(const Path& path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? -1 : found->second;
}

void Disk::know_folder(const Path& path) {
  if (path.empty() || folders_.contains(path)) return;
  know_folder(folder_of(path));
  folders_.insert(path);
  operations_.push_back({.kind = Kind::make_folder, .path = path});
}

int Disk::create(const Path& path) {
  know_folder(folder_of(path));
  const int file = static_cast<int>(names_.size());
  names_.push_back(path);
  files_[path] = file;
  operations_.push_back({.kind = Kind::create, .path = path, .file = file});
  return file;
}
void Disk::write(int file, std::uint64_t at, std::string_view bytes) {
  operations_.push_back(
      {.kind = Kind::write, .path = {}, .file = file, .at = at, .bytes = std::string(bytes)});
}
void Disk::truncate(int file, std::uint64_t size) {
  operations_.push_back({.kind = Kind::truncate, .path = {}, .file = file, .at = size});
}
void Disk::sync(int file, bool failed) {
  if (lied(Kind::sync, names_.at(static_cast<std::size_t>(file)))) return;
  if (failed && fault_.killed) return;
  operations_.push_back({.kind = Kind::sync, .path = {}, .file = file, .failed = failed});
}
void Disk::sync_folder(const Path& path) {
  know_folder(path);
  if (lied(Kind::sync_folder, path)) return;
  operations_.push_back({.kind = Kind::sync_folder, .path = path});
}
void Disk::rename(const Path& from, const Path& to) {
  know_folder(folder_of(to));
  const auto found = files_.find(from);
  if (found == files_.end()) throw std::logic_error("only files are renamed: " + from);
  const int file = found->second;
  files_.erase(found);
  files_[to] = file;
  operations_.push_back({.kind = Kind::rename, .path = from, .to = to, .file = file});
}
void Disk::unlink(const Path& path) {
  files_.erase(path);
  operations_.push_back({.kind = Kind::unlink, .path = path});
}

Replay::Replay(const Disk& disk) : operations_(disk.operations()) {
  for (const auto& [path, bytes] : disk.before().files) names_[path] = add_file(bytes);
  for (const Path& folder : disk.before().folders) names_[folder] = a_folder;
}

int Replay::add_file(std::string_view bytes) {
  File file;
  file.sizes.push_back({certain, 0});
  write(file, 0, bytes);
  sync(file, false);
  files_.push_back(std::move(file));
  return static_cast<int>(files_.size()) - 1;
}

// A sector that is not dirty is as the last version says, or, after a failed sync,
// any of them: that stays so until it is written and synced.
void Replay::write(File& file, std::uint64_t at, std::string_view bytes) {
  const std::uint64_t end = at + bytes.size();
  if (end > file.sizes.back().bytes) file.sizes.push_back({done_, end});
  if (file.sectors.size() * sector < end) {
    file.sectors.resize((end + sector - 1) / sector, Sector{{{certain, {}}}});
  }
  while (!bytes.empty()) {
    const std::size_t number = at / sector, from = at % sector;
    const std::size_t part = std::min(bytes.size(), sector - from);
    Sector& s = file.sectors[number];
    s.versions.push_back({done_, s.versions.back().bytes});
    std::memcpy(s.versions.back().bytes.data() + from, bytes.data(), part);
    s.dirty = true;
    file.dirty.insert(number);
    bytes.remove_prefix(part);
    at += part;
  }
}

void Replay::resize(File& file, std::uint64_t size) {
  const std::uint64_t before = file.sizes.back().bytes;
  // What is cut off reads as zeros when the file grows again.
  if (size < before) write(file, size, std::string(before - size, '\0'));
  file.sizes.push_back({done_, size});
  if (file.sectors.size() * sector < size)
    file.sectors.resize((size + sector - 1) / sector, Sector{{{certain, {}}}});
}

void Replay::sync(File& file, bool failed) {
  for (const std::size_t number : file.dirty) {
    Sector& s = file.sectors[number];
    s.dirty = false;
    if (failed) continue;
    s.versions.erase(s.versions.begin(), s.versions.end() - 1);
    s.versions.back().operation = certain;
  }
  file.dirty.clear();
  if (!failed) file.sizes = {{certain, file.sizes.back().bytes}};
}

void Replay::apply(std::map<Path, int>& names, const Name& change) {
  if (!change.from.empty()) names.erase(change.from);
  if (!change.to.empty()) names[change.to] = change.file;
}

void Replay::sync_folder(const Path& folder) {
  std::vector<Name> left;
  for (Name& change : changes_) {
    const bool here = (!change.from.empty() && folder_of(change.from) == folder) ||
                      (!change.to.empty() && folder_of(change.to) == folder);
    if (here) {
      apply(names_, change);
      // Moved here from a folder that is not synced: it is not there as well.
      std::erase_if(left, [&](const Name& l) { return l.to == change.from && !l.to.empty(); });
    } else {
      left.push_back(std::move(change));
    }
  }
  changes_ = std::move(left);
}

bool Replay::step() {
  if (done_ == operations_.size()) return false;
  const Operation& o = operations_[done_];
  const auto file = [&]() -> File& { return files_.at(static_cast<std::size_t>(o.file)); };
  switch (o.kind) {
    case Kind::create:
      changes_.push_back({done_, "", o.path, add_file("")});
      break;
    case Kind::make_folder:
      changes_.push_back({done_, "", o.path, a_folder});
      break;
    case Kind::write:
      write(file(), o.at, o.bytes);
      break;
    case Kind::truncate:
      resize(file(), o.at);
      break;
    case Kind::sync:
      sync(file(), o.failed);
      break;
    case Kind::sync_folder:
      sync_folder(o.path);
      break;
    case Kind::rename:
      changes_.push_back({done_, o.path, o.to, o.file});
      break;
    case Kind::unlink:
      changes_.push_back({done_, o.path, "", a_folder});
      break;
    case Kind::read:
      break;
  }
  ++done_;
  return true;
}

std::string Replay::content(const File& file, const Keep& keep) const {
  // The last version that is kept; the oldest is there at least.
  const auto kept = [&](const auto& versions, std::uint64_t number) {
    auto at = versions.end() - 1;
    while (at != versions.begin() && at->operation != certain && !keep(at->operation, number)) --at;
    return at;
  };
  const std::uint64_t size = kept(file.sizes, the_size)->bytes;
  std::string bytes;
  bytes.reserve(file.sectors.size() * sector);
  for (std::size_t number = 0; number < file.sectors.size(); ++number) {
    if (bytes.size() >= size) break;
    bytes.append(kept(file.sectors[number].versions, number)->bytes.data(), sector);
  }
  bytes.resize(size);
  return bytes;
}

// A change is only kept with those before it that are about one of its names.
Image Replay::cut(const Keep& keep) const {
  auto names = names_;
  std::set<Path> lost;
  for (const Name& change : changes_) {
    const bool whole = !lost.contains(change.from) && !lost.contains(change.to);
    if (whole && keep(change.operation, the_name)) {
      apply(names, change);
    } else {
      for (const Path& name : {change.from, change.to})
        if (!name.empty()) lost.insert(name);
    }
  }
  Image image;
  for (const auto& [path, file] : names) {
    // A folder's name that is lost takes all below it along.
    bool reached = true;
    for (Path folder = folder_of(path); !folder.empty(); folder = folder_of(folder)) {
      const auto found = names.find(folder);
      reached = reached && found != names.end() && found->second == a_folder;
    }
    if (!reached) continue;
    if (file == a_folder) {
      image.folders.insert(path);
    } else {
      image.files[path] = content(files_.at(static_cast<std::size_t>(file)), keep);
    }
  }
  return image;
}

}  // namespace assay::faults
