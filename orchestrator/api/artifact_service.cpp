#include "api/artifact_service.hpp"

#include "api/calls.hpp"
#include "api/services.hpp"
#include "wire/limits.hpp"
#include "wire/status.hpp"

namespace assay::api {

namespace {

constexpr std::size_t piece = 512U << 10;

// One message at a time: the next is read when the last one is written.
class PutCall final : public grpc::ServerReadReactor<v1::PutRequest> {
 public:
  PutCall(Backend& backend, v1::PutResponse* response) : backend_(backend), response_(response) {
    StartRead(&request_);
  }

 private:
  void OnReadDone(bool ok) override {
    backend_.requests.post([this, ok] {
      if (ok) {
        take();
      } else {
        complete();
      }
    });
  }

  void take() {
    if (!begun_) {
      begun_ = true;
      auto upload =
          backend_.parts.artifacts.put(request_.sha256(), request_.size(), request_.offset());
      if (!upload) return fail_with(upload.error(), grpc::StatusCode::INVALID_ARGUMENT);
      if (*upload == nullptr) return answer(request_.sha256(), true);
      upload_ = std::move(*upload);
      name_ = request_.sha256();
    }
    if (request_.data().size() > wire::max_artifact_piece) {
      return fail_with({Cause::invalid, "more than 1 MiB in one message"},
                       grpc::StatusCode::INVALID_ARGUMENT);
    }
    if (!request_.data().empty()) {
      if (auto done = upload_->append(request_.offset(), as_bytes(request_.data())); !done) {
        return fail_with(done.error(), grpc::StatusCode::INVALID_ARGUMENT);
      }
    }
    StartRead(&request_);
  }

  // The client has said all, or is gone: then what is there stays for next time.
  void complete() {
    if (upload_ == nullptr)
      return Finish({grpc::StatusCode::INVALID_ARGUMENT, "no artifact was named"});
    if (auto done = upload_->finish(); !done) {
      return fail_with(done.error(), grpc::StatusCode::DATA_LOSS);
    }
    upload_.reset();
    answer(name_, false);
  }

  void answer(const std::string& sha256, bool duplicate) {
    const auto stat = backend_.parts.artifacts.stat(sha256);
    if (!stat) return Finish(wire::to_status(stat.error()));
    response_->set_sha256(sha256);
    response_->set_size(stat->size);
    response_->set_duplicate(duplicate);
    Finish(grpc::Status::OK);
  }

  // Lets go of the upload first: the client may come back at once.
  void fail_with(const Error& error, grpc::StatusCode invalid) {
    upload_.reset();
    Finish(status_of(error, invalid));
  }

  static grpc::Status status_of(const Error& error, grpc::StatusCode invalid) {
    if (error.cause == Cause::refused) return {grpc::StatusCode::OUT_OF_RANGE, error.text};
    if (error.cause == Cause::invalid) return {invalid, error.text};
    return wire::to_status(error);
  }

  void OnDone() override { delete this; }

  Backend& backend_;
  v1::PutResponse* const response_;
  v1::PutRequest request_;
  bool begun_ = false;
  std::string name_;
  std::unique_ptr<artifacts::Upload> upload_;
};

class GetCall final : public PulledCall<v1::GetResponse> {
 public:
  GetCall(Backend& backend, v1::GetRequest request)
      : PulledCall(backend.requests),
        backend_(backend),
        request_(std::move(request)),
        offset_(request_.offset()) {}

 private:
  Pull produce(v1::GetResponse& response, grpc::Status& status) override {
    if (!reader_) {
      auto opened = backend_.parts.artifacts.get(request_.sha256());
      if (!opened) {
        status = wire::to_status(opened.error());
        return Pull::done;
      }
      reader_.emplace(std::move(*opened));
      if (offset_ > reader_->size()) {
        status = {
            grpc::StatusCode::OUT_OF_RANGE,
            fmt::format("offset {} is past the artifact's {} bytes", offset_, reader_->size())};
        return Pull::done;
      }
    }
    const auto bytes = reader_->read(offset_, piece);
    if (!bytes) {
      status = wire::to_status(bytes.error());
      return Pull::done;
    }
    if (bytes->empty()) return Pull::done;
    response.set_data(bytes->data(), bytes->size());
    offset_ += bytes->size();
    return Pull::wrote;
  }

  Backend& backend_;
  const v1::GetRequest request_;
  std::uint64_t offset_;
  std::optional<artifacts::Reader> reader_;
};

}  // namespace

grpc::ServerUnaryReactor* ArtifactServiceImpl::Stat(grpc::CallbackServerContext* context,
                                                    const v1::StatRequest* request,
                                                    v1::StatResponse* response) {
  auto* reactor = context->DefaultReactor();
  backend_.requests.post([this, reactor, request, response] {
    const auto stat = backend_.parts.artifacts.stat(request->sha256());
    if (!stat) return reactor->Finish(wire::to_status(stat.error()));
    response->set_complete(stat->complete);
    response->set_size(stat->size);
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

grpc::ServerReadReactor<v1::PutRequest>* ArtifactServiceImpl::Put(grpc::CallbackServerContext*,
                                                                  v1::PutResponse* response) {
  return new PutCall(backend_, response);
}

grpc::ServerWriteReactor<v1::GetResponse>* ArtifactServiceImpl::Get(grpc::CallbackServerContext*,
                                                                    const v1::GetRequest* request) {
  return GetCall::begin(std::make_shared<GetCall>(backend_, *request));
}

std::unique_ptr<grpc::Service> make_artifact_service(Backend& backend) {
  return std::make_unique<ArtifactServiceImpl>(backend);
}

}  // namespace assay::api
