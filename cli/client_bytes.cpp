// Artifacts and consoles: the streams of bytes.

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>
#include <vector>

#include "cli/client_stubs.hpp"
#include "wire/limits.hpp"

namespace assay::cli {
namespace {

constexpr std::size_t piece_size = 256U << 10;
constexpr int most_tries = 5;

}  // namespace

Result<bool> Client::put_artifact(const std::string& sha256, const std::filesystem::path& file,
                                  std::uint64_t size, std::stop_token stop,
                                  const std::function<void(UploadProgress)>& progress) {
  for (int attempt = 1;; ++attempt) {
    std::uint64_t offset = 0;
    {
      grpc::ClientContext context;
      wire::set_deadline(context, std::chrono::seconds(30));
      // After a first contact a connection that broke is worth waiting for.
      context.set_wait_for_ready(attempt > 1);
      const Cancels cancels(context, stop);
      v1::StatRequest request;
      v1::StatResponse response;
      request.set_sha256(sha256);
      const auto status = stubs_->artifacts->Stat(&context, request, &response);
      if (status.ok()) {
        if (response.complete()) return attempt == 1;
        offset = std::min(response.size(), size);
      } else if (status.error_code() != grpc::StatusCode::NOT_FOUND) {
        TRY(stubs_->done(status, stop));
      }
    }
    std::ifstream in(file, std::ios::binary);
    if (!in.seekg(static_cast<std::streamoff>(offset))) {
      return fail(Cause::not_found, "{}: cannot be read any more", file.string());
    }
    grpc::ClientContext context;
    const Cancels cancels(context, stop);
    v1::PutResponse response;
    const auto writer = stubs_->artifacts->Put(&context, &response);
    std::vector<char> piece(piece_size);
    bool first = true, going = true;
    while (going && (first || offset < size)) {
      v1::PutRequest request;
      if (first) {
        request.set_sha256(sha256);
        request.set_size(size);
      }
      const auto want = std::min<std::uint64_t>(piece.size(), size - offset);
      in.read(piece.data(), static_cast<std::streamsize>(want));
      const auto got = static_cast<std::size_t>(in.gcount());
      if (got < want) {
        context.TryCancel();
        writer->Finish();
        return fail(Cause::invalid, "{}: became shorter while it was read", file.string());
      }
      request.set_offset(offset);
      request.set_data(piece.data(), got);
      first = false;
      going = writer->Write(request);
      if (going) offset += got;
      if (going && progress) progress({offset, size});
    }
    writer->WritesDone();
    const grpc::Status status = writer->Finish();
    if (status.ok()) return false;
    const bool again = status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                       status.error_code() == grpc::StatusCode::OUT_OF_RANGE;
    if (!again || attempt == most_tries || stop.stop_requested()) {
      if (auto ended = stubs_->done(status, stop); !ended) return tl::unexpected(ended.error());
    }
  }
}

Result<> Client::get_artifact(const std::string& sha256, std::uint64_t offset, std::stop_token stop,
                              const std::function<Result<>(std::string_view)>& take) {
  grpc::ClientContext context;
  const Cancels cancels(context, stop);
  v1::GetRequest request;
  request.set_sha256(sha256);
  request.set_offset(offset);
  const auto stream = stubs_->artifacts->Get(&context, request);
  v1::GetResponse response;
  while (stream->Read(&response)) {
    if (auto taken = take(response.data()); !taken) {
      context.TryCancel();
      stream->Finish();
      return taken;
    }
  }
  return stubs_->done(stream->Finish(), stop);
}

namespace {

// Ends a console whose input has ended, once the board has had its say.
class Silence {
 public:
  explicit Silence(std::function<void()> over) : over_(std::move(over)) {}

  // The board said something, or `input_ended`.
  void heard(bool input_ended) {
    const std::lock_guard lock(mutex_);
    quiet_at_ = Deadline::after(input_ended ? first_word : quiet);
    if (!input_ended || waiting_.joinable()) return;
    waiting_ = std::jthread([this](const std::stop_token& stop) { wait(stop); });
  }

 private:
  void wait(const std::stop_token& stop) {
    const auto end = Deadline::after(longest);
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested() && !quiet_at_.passed() && !end.passed())
      woken_.wait_for(lock, stop, quiet_at_.sooner(end).left(), [] { return false; });
    if (!stop.stop_requested()) over_();
  }

  // A busy machine may take its time to begin the answer.
  static constexpr Duration first_word = std::chrono::seconds(2);
  static constexpr Duration quiet = std::chrono::milliseconds(500);
  static constexpr Duration longest = std::chrono::seconds(10);
  const std::function<void()> over_;
  std::mutex mutex_;
  std::condition_variable_any woken_;
  Deadline quiet_at_ = Deadline::never();
  std::jthread waiting_;
};

}  // namespace

Result<> Client::console(const std::string& board, std::stop_token stop, const ConsoleEnds& ends) {
  grpc::ClientContext context;
  const Cancels cancels(context, stop);
  const auto stream = stubs_->runs->Console(&context);
  v1::ConsoleRequest request;
  request.set_board(board);
  request.set_hold(ends.hold);
  request.set_person(ends.person);
  request.set_lease(ends.lease);
  if (!stream->Write(request)) return stubs_->done(stream->Finish(), stop);

  std::stop_source left;
  const std::stop_callback both(stop, [&] { left.request_stop(); });
  std::atomic<bool> by_user = false;
  const auto leave = [&] {
    by_user = true;
    context.TryCancel();
  };
  // assayd ends the stream of one who types without the board's lease.
  v1::ConsoleResponse response;
  if (!stream->Read(&response)) return stubs_->done(stream->Finish(), stop);
  const bool writable = response.writable();
  if (ends.started) ends.started(writable);
  std::jthread typing([&] {
    std::array<std::uint8_t, 4096> piece;
    const Wait wait{Deadline::never(), left.get_token()};
    while (true) {
      const auto n = read_some(ends.in, piece, wait);
      if (!n) return;
      if (*n == 0) {
        if (ends.hold) stream->WritesDone();
        return;
      }
      const auto end = std::find(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(*n),
                                 static_cast<std::uint8_t>(ends.leave));
      const bool leaves = ends.can_leave && end != piece.begin() + static_cast<std::ptrdiff_t>(*n);
      v1::ConsoleRequest typed;
      typed.set_data(piece.data(), leaves ? static_cast<std::size_t>(end - piece.begin()) : *n);
      if (writable && !typed.data().empty() && !stream->Write(typed)) return;
      if (leaves) return leave();
    }
  });
  Result<> wrote;
  {
    Silence silence(leave);
    do {
      silence.heard(response.input_ended());
      wrote = write_all(ends.out, as_bytes(response.data()), {Deadline::never(), stop});
    } while (wrote && stream->Read(&response));
  }
  if (!wrote) context.TryCancel();
  left.request_stop();
  typing.join();
  const grpc::Status status = stream->Finish();
  if (by_user) return {};
  TRY(std::move(wrote));
  return stubs_->done(status, stop);
}

}  // namespace assay::cli
