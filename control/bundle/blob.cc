#include "control/bundle/blob.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <set>

#include "control/bundle/bundle_limits.h"
#include "dataplane/match/compiled_set.h"
#include "dataplane/packet/bytes.h"

namespace sluis {
namespace {

constexpr std::string_view kSuffix = ".toml";
constexpr int kCompressionLevel = 9;

std::string digest_of(std::string_view content) {
    const Sha256 digest = sha256(as_bytes(content));
    return {digest.begin(), digest.end()};
}

std::string compress(const std::string& content) {
    uLongf size = compressBound(static_cast<uLong>(content.size()));
    std::string data(size, '\0');
    const int status =
        compress2(reinterpret_cast<Bytef*>(data.data()), &size, reinterpret_cast<const Bytef*>(content.data()),
                  static_cast<uLong>(content.size()), kCompressionLevel);
    data.resize(status == Z_OK ? size : 0);
    return data;
}

/// An inflating stream that is ended with its scope.
struct Inflater {
    Inflater() { ready = inflateInit(&stream) == Z_OK; }
    ~Inflater() {
        if (ready) inflateEnd(&stream);
    }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;
    z_stream stream{};
    bool ready = false;
};

tl::unexpected<BundleError> refuse_blob(BundleCode code, const wire::Blob& blob, std::string_view what) {
    return refuse(code, fmt::format("blob '{}': {}", blob.name(), what));
}

/// Inflates into a room of the declared size and one byte more, which only a liar needs.
Checked<std::string> inflate_blob(const wire::Blob& blob) {
    Inflater inflater;
    if (!inflater.ready) return refuse_blob(BundleCode::blob_broken, blob, "there is no memory to inflate it");
    std::string content(blob.uncompressed_size() + 1, '\0');
    z_stream& stream = inflater.stream;
    // zlib does not write to its input; its interface is older than const.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(blob.data().data()));
    stream.avail_in = static_cast<uInt>(blob.data().size());
    stream.next_out = reinterpret_cast<Bytef*>(content.data());
    stream.avail_out = static_cast<uInt>(content.size());
    const int status = inflate(&stream, Z_FINISH);
    if (stream.avail_out == 0)
        return refuse_blob(BundleCode::blob_bomb, blob,
                           fmt::format("inflates to more than the {} bytes that it says", blob.uncompressed_size()));
    if (status != Z_STREAM_END)
        return refuse_blob(BundleCode::blob_broken, blob, "its compressed data are broken or cut off");
    if (stream.avail_in != 0)
        return refuse_blob(BundleCode::blob_trailing, blob,
                           fmt::format("{} bytes follow its compressed data", stream.avail_in));
    content.resize(content.size() - stream.avail_out);
    return content;
}

Checked<std::string> content_of(const wire::Blob& blob) {
    if (blob.size() != blob.data().size()) {
        return refuse_blob(BundleCode::blob_size, blob,
                           fmt::format("has {} bytes, and says {}", blob.data().size(), blob.size()));
    }
    if (blob.compression() == wire::COMPRESSION_ZLIB) return inflate_blob(blob);
    if (blob.compression() == wire::COMPRESSION_NONE) return blob.data();
    return refuse_blob(BundleCode::blob_compression, blob,
                       fmt::format("compression {} is not known", static_cast<int>(blob.compression())));
}

Checked<SourceFile> unpack(const wire::Blob& blob) {
    auto content = content_of(blob);
    if (!content) return tl::unexpected(content.error());
    if (content->size() != blob.uncompressed_size()) {
        return refuse_blob(
            BundleCode::blob_size, blob,
            fmt::format("its content has {} bytes, and it says {}", content->size(), blob.uncompressed_size()));
    }
    if (digest_of(*content) != blob.sha256())
        return refuse_blob(BundleCode::blob_digest, blob, "its content has another SHA-256 than it says");
    return SourceFile{blob.name(), std::move(*content)};
}

}  // namespace

bool is_blob_name(std::string_view name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == '_';
    };
    return name.size() > kSuffix.size() && name.size() <= kBundleNameLimit && name.front() != '.' &&
           name.ends_with(kSuffix) && std::all_of(name.begin(), name.end(), allowed);
}

wire::Blob pack_blob(const SourceFile& file) {
    wire::Blob blob;
    blob.set_name(file.name);
    blob.set_sha256(digest_of(file.content));
    blob.set_uncompressed_size(file.content.size());
    std::string data = compress(file.content);
    const bool smaller = !data.empty() && data.size() < file.content.size();
    blob.set_compression(smaller ? wire::COMPRESSION_ZLIB : wire::COMPRESSION_NONE);
    blob.set_data(smaller ? std::move(data) : file.content);
    blob.set_size(blob.data().size());
    return blob;
}

Checked<std::vector<SourceFile>> unpack_blobs(const google::protobuf::RepeatedPtrField<wire::Blob>& blobs) {
    std::set<std::string_view> names;
    std::uint64_t total = 0;
    for (const wire::Blob& blob : blobs) {
        if (!is_blob_name(blob.name()) || !names.insert(blob.name()).second)
            return refuse_blob(BundleCode::blob_name, blob, "the name is no plain *.toml, or is there twice");
        // Each is bounded before it is added, so that the sum cannot wrap.
        const bool fits = blob.uncompressed_size() <= kBlobSizeLimit;
        total += fits ? blob.uncompressed_size() : 0;
        if (!fits || total > kBlobTotalLimit) {
            return refuse_blob(
                BundleCode::blob_limit, blob,
                fmt::format("{} bytes are the most for one, {} for all", kBlobSizeLimit, kBlobTotalLimit));
        }
    }
    std::vector<SourceFile> files;
    for (const wire::Blob& blob : blobs) {
        auto file = unpack(blob);
        if (!file) return tl::unexpected(file.error());
        files.push_back(std::move(*file));
    }
    return files;
}

}  // namespace sluis
