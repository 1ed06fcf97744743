// Entity tags, compression, ranges, downloads, and the pages' files.
#include <zlib.h>

#include "fixture.hpp"

namespace assay::web::test {
namespace {

std::string unzip(const std::string& zipped) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(zipped.data()));
  stream.avail_in = static_cast<uInt>(zipped.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST_F(WebTest, AnswersIfNoneMatch) {
  const std::string tag = get("/api/v1/runs")["ETag"];
  EXPECT_EQ(tag.size(), 34U);
  for (const std::string& given : {tag, "W/" + tag, "\"x\", " + tag, std::string("*")}) {
    const Answered got = get("/api/v1/runs", "If-None-Match: " + given + "\r\n");
    EXPECT_EQ(got.status, 304);
    EXPECT_EQ(got["ETag"], tag);
    EXPECT_EQ(got["Content-Length"], "");
  }
  begin_run();
  EXPECT_EQ(get("/api/v1/runs", "If-None-Match: " + tag + "\r\n").status, 200);
}

TEST_F(WebTest, CompressesWhatIsLong) {
  begin_run();
  std::string text;
  for (int i = 0; i < 100; ++i) text += "line " + std::to_string(i) + '\n';
  console(text);
  const std::string lines = "/api/v1/attempts/r1.1.1/console/dut/lines";
  const Answered plain = get(lines);
  ASSERT_GT(plain.body.size(), 1024U);
  EXPECT_EQ(plain["Vary"], "Accept-Encoding");
  const Answered small = get(lines, "Accept-Encoding: br, gzip\r\n");
  EXPECT_EQ(small["Content-Encoding"], "gzip");
  EXPECT_LT(small.body.size(), plain.body.size());
  EXPECT_EQ(unzip(small.body), plain.body);
  EXPECT_NE(small["ETag"], plain["ETag"]);
  EXPECT_EQ(get(lines, "Accept-Encoding: gzip\r\nIf-None-Match: " + small["ETag"] + "\r\n").status,
            304);
  EXPECT_EQ(get(lines, "Accept-Encoding: gzip;q=0\r\n")["Content-Encoding"], "");
  EXPECT_EQ(get("/api/v1/runs", "Accept-Encoding: gzip\r\n")["Content-Encoding"], "");
}

TEST_F(WebTest, GivesArtifactsInRanges) {
  std::string content;
  for (int i = 0; content.size() < 600'000; ++i) content += std::to_string(i) + ' ';
  const std::string name = put(content), path = "/api/v1/artifacts/" + name + "/bytes";
  const Answered whole = get(path);
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.body, content);
  EXPECT_EQ(whole["ETag"], '"' + name + '"');
  EXPECT_EQ(whole["Content-Type"], "application/octet-stream");
  EXPECT_EQ(whole["Content-Disposition"], "attachment; filename=\"" + name + ".bin\"");
  EXPECT_EQ(whole["Accept-Ranges"], "bytes");
  const std::string size = std::to_string(content.size());

  const Answered part = get(path, "Range: bytes=100-300099\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part["Content-Range"], "bytes 100-300099/" + size);
  EXPECT_EQ(part.body, content.substr(100, 300'000));
  EXPECT_EQ(get(path, "Range: bytes=-7\r\n").body, content.substr(content.size() - 7));
  EXPECT_EQ(get(path, "Range: bytes=600000-\r\n").body, content.substr(600'000));

  const Answered beyond = get(path, "Range: bytes=" + size + "-\r\n");
  EXPECT_EQ(beyond.status, 416);
  EXPECT_EQ(beyond["Content-Range"], "bytes */" + size);
  EXPECT_EQ(beyond.body, "{\"error\":\"there are " + size +
                             " bytes, and none of them in 'bytes=" + size + "-'\"}");

  // Several are answered with the whole, as is what is no range.
  for (const char* range : {"bytes=0-1,2-3", "bytes=5-2", "lines=1-2", "bytes=x"}) {
    EXPECT_EQ(get(path, std::string("Range: ") + range + "\r\n").status, 200);
  }
  EXPECT_EQ(get(path, "Range: bytes=0-1\r\nIf-Range: \"" + name + "\"\r\n").status, 206);
  EXPECT_EQ(get(path, "Range: bytes=0-1\r\nIf-Range: \"other\"\r\n").status, 200);
  const Answered head = get(path, "", "HEAD");
  EXPECT_EQ(head["Content-Length"], size);
}

TEST_F(WebTest, GivesConsolesRawAndByLines) {
  begin_run();
  console("*** Booting ***\r\nhello\r\nlo");
  const std::string path = "/api/v1/attempts/r1.1.1/console/dut";
  const Answered raw = get(path);
  EXPECT_EQ(raw.body, "*** Booting ***\r\nhello\r\nlo");
  EXPECT_EQ(raw["Content-Disposition"], "attachment; filename=\"r1.1.1-dut.log\"");
  EXPECT_EQ(get(path, "Range: bytes=17-21\r\n").body, "hello");
  console("ng\r\n");
  EXPECT_NE(get(path)["ETag"], raw["ETag"]);
  const Answered lines = get(path + "/lines?from=-2&count=1");
  EXPECT_EQ(lines.status, 200) << lines.body;
  EXPECT_THAT(lines.body, testing::HasSubstr(R"("from":"1","lines":[{"text":"hello")"));
  EXPECT_EQ(get(path + "/lines?count=2001").body,
            R"({"error":"count=2001: give a number from 1 to 2000"})");
  EXPECT_EQ(get(path + "/search").body, R"({"error":"text= is missing: what to search for"})");
  EXPECT_EQ(get(path + "/search?text=LONG").body, R"({"lines":["2"],"total":"1"})");
}

Result<Pages> pages_of(const std::filesystem::path& folder) {
  const std::string script(5000, 's');
  EXPECT_TRUE(make_folders(folder / "assets"));
  EXPECT_TRUE(write_file(folder / "index.html", as_bytes("<p>hello")));
  EXPECT_TRUE(write_file(folder / "assets/main.1a.js", as_bytes(script)));
  EXPECT_TRUE(write_file(folder.parent_path() / "secret", as_bytes("secret")));
  std::filesystem::create_symlink("../../secret", folder / "assets/link.js");
  return Pages::read(folder);
}

TEST_F(WebTest, ServesTheFilesOfThePages) {
  const auto pages = pages_of(folder_.path() / "dist");
  ASSERT_TRUE(pages) << pages.error().text;
  const auto find = [&](const std::string& path) { return pages->find(*parse_target(path)); };
  for (const char* path : {"/", "/runs/r17", "/boards/v1", "/index.html"}) {
    EXPECT_EQ(*find(path).body, "<p>hello");
    EXPECT_EQ(find(path).cache, "no-cache");
    EXPECT_EQ(find(path).type, "text/html; charset=utf-8");
  }
  const Reply asset = find("/assets/main.1a.js");
  EXPECT_EQ(asset.cache, "public, max-age=31536000, immutable");
  EXPECT_EQ(asset.type, "text/javascript; charset=utf-8");
  EXPECT_EQ(unzip(*asset.zipped), *asset.body);
  EXPECT_EQ(find("/assets/main.2b.js").status, 404U);
  EXPECT_EQ(find("/assets/link.js").status, 404U);  // links lead outside
}

TEST_F(WebTest, RefusesPagesThatAreTooLarge) {
  const auto folder = folder_.path() / "dist";
  ASSERT_TRUE(make_folders(folder));
  ASSERT_TRUE(write_file(folder / "a.js", as_bytes(std::string(9 << 20, 'a'))));
  ASSERT_TRUE(write_file(folder / "b.js", as_bytes(std::string(9 << 20, 'b'))));
  const auto pages = Pages::read(folder);
  ASSERT_FALSE(pages);
  EXPECT_EQ(pages.error().text,
            folder.string() + ": the pages are more than 16 MiB; build them again");
}

}  // namespace
}  // namespace assay::web::test
