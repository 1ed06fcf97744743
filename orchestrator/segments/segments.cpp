#include "segments/segments.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "base/file.hpp"

namespace assay::segments {

Result<std::int64_t> highest_run(const std::filesystem::path& folder) {
  std::int64_t highest = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    std::int64_t number = 0;
    const auto read = std::from_chars(name.data() + 1, name.data() + name.size(), number);
    if (name.starts_with('r') && read.ec == std::errc() && read.ptr == name.data() + name.size())
      highest = std::max(highest, number);
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return fail(Cause::io, "{}: {}", folder.string(), error.message());
  return highest;
}

Result<std::unique_ptr<Segments>> Segments::open(std::filesystem::path folder, Limits limits) {
  TRY(make_folders(folder));
  // Its name, too, must outlast what is acknowledged.
  TRY(sync_folder(folder.has_parent_path() ? folder.parent_path() : "."));
  return std::unique_ptr<Segments>(new Segments(std::move(folder), limits));
}

// It names a file, so nothing but r<number>.<number>.<number> is taken.
Result<std::filesystem::path> Segments::path(const std::string& attempt) const {
  const bool good = attempt.size() > 1 && attempt.size() <= 64 && attempt[0] == 'r' &&
                    attempt.find_first_not_of("0123456789.", 1) == std::string::npos &&
                    std::count(attempt.begin(), attempt.end(), '.') == 2 &&
                    attempt.find("..") == std::string::npos && attempt.back() != '.' &&
                    attempt[1] != '.';
  if (!good)
    return fail(Cause::invalid, "'{}' is not the name of an attempt, like r17.1.2",
                attempt.substr(0, 64));
  return folder_ / attempt.substr(0, attempt.find('.')) / (attempt + ".seg");
}

Result<std::shared_ptr<Segments::Entry>> Segments::entry(const std::string& attempt) {
  TRY(path(attempt));
  const std::lock_guard lock(mutex_);
  auto& found = entries_[attempt];
  if (!found) found = std::make_shared<Entry>();
  found->used = ++uses_;
  const auto result = found;
  // Closes the file that was used longest ago, unless it is in use.
  while (entries_.size() > limits_.open_files) {
    auto oldest = entries_.end();
    for (auto i = entries_.begin(); i != entries_.end(); ++i) {
      const bool idle = i->second.use_count() == 1 && !i->second->distrusted;
      if (idle && (oldest == entries_.end() || i->second->used < oldest->second->used)) oldest = i;
    }
    if (oldest == entries_.end()) break;
    entries_.erase(oldest);
  }
  return result;
}

Result<SegmentFile*> Segments::open_file(const std::string& attempt, Entry& entry) {
  if (!entry.file) {
    entry.file.emplace(TRY(SegmentFile::open(TRY(path(attempt)), limits_.attempt_bytes)));
    if (entry.distrusted) entry.file->distrust();
  }
  return &*entry.file;
}

Result<Stored> Segments::append(const std::string& attempt,
                                std::span<const evidence::Event> events) {
  const auto entry = TRY(this->entry(attempt));
  Stored stored;
  std::uint64_t before = 0;
  {
    const std::lock_guard lock(entry->mutex);
    SegmentFile* file = TRY(open_file(attempt, *entry));
    before = file->last();
    auto appended = file->append(events);
    entry->distrusted = file->distrusted();
    if (!appended) {
      entry->file.reset();  // what is on disk is read again
      return tl::unexpected(std::move(appended).error());
    }
    stored = {file->last(), file->ended()};
  }
  if (stored.last > before) appended_.notify(attempt);
  return stored;
}

Result<Stored> Segments::stored(const std::string& attempt) {
  const auto entry = TRY(this->entry(attempt));
  const std::lock_guard lock(entry->mutex);
  SegmentFile* file = TRY(open_file(attempt, *entry));
  auto synced = file->sync();
  entry->distrusted = file->distrusted();
  TRY(synced);
  return Stored{file->last(), file->ended()};
}

Result<std::vector<evidence::Event>> Segments::read(const std::string& attempt, Cursor& cursor,
                                                    std::size_t bytes) {
  const auto entry = TRY(this->entry(attempt));
  const std::lock_guard lock(entry->mutex);
  const SegmentFile* file = TRY(open_file(attempt, *entry));
  return file->read(cursor, bytes);
}

Result<std::size_t> Segments::read_records(const std::string& attempt, std::uint64_t offset,
                                           std::span<std::uint8_t> into) {
  const auto entry = TRY(this->entry(attempt));
  const std::lock_guard lock(entry->mutex);
  const SegmentFile* file = TRY(open_file(attempt, *entry));
  return file->read_records(offset, into);
}

Watch Segments::watch(const std::string& attempt, std::function<void()> on_append) {
  return appended_.watch(attempt, std::move(on_append));
}

}  // namespace assay::segments
