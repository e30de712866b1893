#include "control/backup/tar_gzip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <numeric>

namespace sluis {
namespace {

constexpr std::size_t kBlock = 512, kChecksumAt = 148;
constexpr int kGzip = 16;  // zlib's windowBits: a gzip header and trailer
constexpr int kWindow = 15, kMemory = 8;

void put(std::array<char, kBlock>& header, std::size_t at, const std::string& text) {
    text.copy(&header[at], text.size());
}

std::string header_of(const ArchiveFile& file, long time) {
    std::array<char, kBlock> header{};
    put(header, 0, file.name.substr(0, kArchiveNameLimit));
    put(header, 100, "0000600");  // mode
    put(header, 108, "0000000");  // owner
    put(header, 116, "0000000");  // group
    put(header, 124, fmt::format("{:011o}", file.content.size()));
    put(header, 136, fmt::format("{:011o}", time));
    put(header, kChecksumAt, "        ");
    put(header, 156, "0");  // an ordinary file
    put(header, 257,
        std::string("ustar\0"
                    "00",
                    8));
    const auto sum = std::accumulate(header.begin(), header.end(), 0u,
                                     [](unsigned all, char c) { return all + static_cast<unsigned char>(c); });
    put(header, kChecksumAt, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
    return {header.begin(), header.end()};
}

std::string compress(const std::string& text) {
    z_stream stream{};
    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kWindow + kGzip, kMemory, Z_DEFAULT_STRATEGY) != Z_OK)
        return "";
    std::string packed(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    const bool whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
    packed.resize(whole ? stream.total_out : 0);
    deflateEnd(&stream);
    return packed;
}

}  // namespace

std::string make_tar(const std::vector<ArchiveFile>& files, long time) {
    std::string archive;
    for (const ArchiveFile& file : files) {
        archive += header_of(file, time) + file.content;
        archive.append((kBlock - archive.size() % kBlock) % kBlock, '\0');
    }
    archive.append(2 * kBlock, '\0');
    return archive;
}

std::string make_archive(const std::vector<ArchiveFile>& files, long time) { return compress(make_tar(files, time)); }

}  // namespace sluis
