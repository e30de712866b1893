#include "control/cli/inspect/capture_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

#include "control/cli/inspect/capture_writer.h"
#include "control/cli/inspect/pcapng_reader.h"
#include "dataplane/interface/limits.h"
#include "tests/unit/scratch_folder.h"

namespace sluis {
namespace {

using testing::HasSubstr;

/// Builds files in either byte order.
class FileBytes {
public:
    explicit FileBytes(bool big) : big_(big) {}
    FileBytes& u16(std::uint32_t value) { return put(value, 2); }
    FileBytes& u32(std::uint64_t value) { return put(value, 4); }
    FileBytes& text(std::string_view value) { return bytes_ += value, *this; }
    FileBytes& pad() { return bytes_.resize((bytes_.size() + 3) / 4 * 4), *this; }
    /// A pcapng block: type, length, body, length.
    FileBytes& block(std::uint32_t type, FileBytes body) {
        body.pad();
        const auto length = static_cast<std::uint32_t>(body.bytes_.size()) + 12;
        return u32(type).u32(length).text(body.bytes_).u32(length);
    }
    FileBytes empty() const { return FileBytes(big_); }
    const std::string& str() const { return bytes_; }

private:
    FileBytes& put(std::uint64_t value, int size) {
        for (int i = 0; i < size; ++i) bytes_ += static_cast<char>(value >> 8 * (big_ ? size - 1 - i : i));
        return *this;
    }
    std::string bytes_;
    bool big_;
};

FileBytes pcap(bool big, std::uint32_t magic, std::uint32_t link_type) {
    return FileBytes(big).u32(magic).u16(2).u16(4).u32(0).u32(0).u32(65535).u32(link_type);
}

FileBytes pcapng(bool big) {
    FileBytes file(big);
    return file.block(kPcapngSectionHeader, file.empty().u32(0x1a2b3c4d).u16(1).u16(0).u32(~0u).u32(~0u));
}

FileBytes interface(bool big, std::uint32_t link_type, std::uint32_t snap_length = 0) {
    return FileBytes(big).u16(link_type).u16(0).u32(snap_length);
}

FileBytes enhanced(bool big, std::uint32_t interface, std::uint64_t time, std::string_view data) {
    const auto size = static_cast<std::uint32_t>(data.size());
    return FileBytes(big).u32(interface).u32(time >> 32).u32(time & ~0u).u32(size).u32(size).text(data);
}

struct Read {
    Nanoseconds time;
    unsigned link_type;
    unsigned original_length;
    std::string data;
    bool operator==(const Read&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Read& read) {
    return out << read.time << " " << read.link_type << " " << read.original_length << " '" << read.data << "'";
}

struct WholeFile {
    std::vector<Read> packets;
    std::string error;
};

WholeFile read_all(std::string bytes) {
    WholeFile result;
    std::FILE* stream = bytes.empty() ? std::fopen("/dev/null", "rb") : fmemopen(bytes.data(), bytes.size(), "rb");
    auto reader = CaptureReader::open(InputFile(stream, "test.pcap"));
    if (!reader) return {{}, reader.error()};
    for (;;) {
        const auto packet = (*reader)->next();
        if (!packet) return result.error = packet.error(), result;
        if (!*packet) return result;
        const CapturedPacket& p = **packet;
        result.packets.push_back({p.time, p.link_type, p.original_length, std::string(as_text(p.data))});
    }
}

class ByteOrders : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(CaptureReader, ByteOrders, testing::Bool(),
                         [](const auto& info) { return info.param ? "big" : "little"; });

TEST_P(ByteOrders, Pcap) {
    for (const auto& [magic, fraction] : {std::pair{0xa1b2c3d4u, 1000u}, std::pair{0xa1b23c4du, 1u}}) {
        FileBytes file = pcap(GetParam(), magic, 101);
        file.u32(1700000000).u32(123456).u32(3).u32(3).text("abc");
        file.u32(1700000001).u32(7).u32(0).u32(1500);
        const WholeFile read = read_all(file.str());
        EXPECT_EQ(read.error, "");
        const std::vector<Read> expected{{1700000000 * kSecond + 123456 * fraction, 101, 3, "abc"},
                                         {1700000001 * kSecond + 7 * fraction, 101, 1500, ""}};
        EXPECT_EQ(read.packets, expected);
    }
}

TEST_P(ByteOrders, PcapLinkTypeBelowTheFcsBits) {
    FileBytes file = pcap(GetParam(), 0xa1b2c3d4, 0x2400'0001);
    file.u32(1).u32(0).u32(1).u32(1).text("x");
    EXPECT_EQ(read_all(file.str()).packets.at(0).link_type, 1u);
}

TEST_P(ByteOrders, PcapngInterfacesOfTheirOwn) {
    const bool big = GetParam();
    FileBytes nanoseconds = interface(big, 101, 96);
    nanoseconds.u16(9).u16(1).text("\x09").pad();  // if_tsresol: 10^-9
    nanoseconds.u16(14).u16(8);                    // if_tsoffset: 5 s
    big ? nanoseconds.u32(0).u32(5) : nanoseconds.u32(5).u32(0);
    nanoseconds.u16(0).u16(0);
    FileBytes file = pcapng(big);
    file.block(1, interface(big, 1)).block(1, nanoseconds);
    file.block(0x0bad, FileBytes(big).text("of no interest"));
    file.block(6, enhanced(big, 0, 1700000000'000001, "ether"));
    file.block(6, enhanced(big, 1, 1700000000'000000001, "raw"));
    const WholeFile read = read_all(file.str());
    EXPECT_EQ(read.error, "");
    const std::vector<Read> expected{{1700000000 * kSecond + 1000, 1, 5, "ether"},
                                     {1700000005 * kSecond + 1, 101, 3, "raw"}};
    EXPECT_EQ(read.packets, expected);
}

TEST_P(ByteOrders, PcapngSimpleAndObsoletePackets) {
    const bool big = GetParam();
    FileBytes file = pcapng(big);
    file.block(1, interface(big, 1, 4));
    file.block(2, FileBytes(big).u16(0).u16(77).u32(0).u32(2'000'000).u32(3).u32(9).text("old"));
    file.block(3, FileBytes(big).u32(10).text("simple"));
    const WholeFile read = read_all(file.str());
    EXPECT_EQ(read.error, "");
    const std::vector<Read> expected{{2 * kSecond, 1, 9, "old"}, {2 * kSecond, 1, 10, "simp"}};
    EXPECT_EQ(read.packets, expected);
}

TEST_P(ByteOrders, PcapngSectionForgetsInterfacesAndByteOrder) {
    const bool big = GetParam();
    FileBytes file = pcapng(big);
    file.block(1, interface(big, 1)).block(6, enhanced(big, 0, 1, "a"));
    FileBytes second = pcapng(!big);
    second.block(1, interface(!big, 228)).block(6, enhanced(!big, 0, 2, "b"));
    FileBytes third = pcapng(big);
    third.block(6, enhanced(big, 0, 3, "c"));
    const WholeFile read = read_all(file.str() + second.str() + third.str());
    const std::vector<Read> expected{{1000, 1, 1, "a"}, {2000, 228, 1, "b"}};
    EXPECT_EQ(read.packets, expected);
    EXPECT_THAT(read.error, HasSubstr("packet 3: names an interface that is not described"));
}

/// Whatever byte a file is cut after: the packets that are whole are read, and the error names the next one.
void expect_cut_anywhere(const std::string& file, const std::vector<std::size_t>& ends_of_packets) {
    const auto whole = read_all(file).packets;
    ASSERT_EQ(whole.size(), ends_of_packets.size());
    for (std::size_t size = 0; size < file.size(); ++size) {
        const WholeFile read = read_all(file.substr(0, size));
        std::size_t complete = 0;
        while (complete < ends_of_packets.size() && ends_of_packets[complete] <= size) ++complete;
        EXPECT_EQ(read.packets.size(), complete) << "cut at " << size;
        if (!read.error.empty()) EXPECT_THAT(read.error, HasSubstr("test.pcap: ")) << "cut at " << size;
        if (!read.error.empty() && complete > 0) {
            EXPECT_THAT(read.error, HasSubstr("packet " + std::to_string(complete + 1) + ": ")) << "cut at " << size;
        }
        const bool at_boundary = complete > 0 && ends_of_packets[complete - 1] == size;
        if (complete > 0) EXPECT_EQ(read.error.empty(), at_boundary) << "cut at " << size;
    }
}

TEST_P(ByteOrders, PcapCutAnywhere) {
    FileBytes file = pcap(GetParam(), 0xa1b2c3d4, 1);
    std::vector<std::size_t> ends;
    for (const std::string_view data : {"first", "second packet", "third"}) {
        file.u32(1).u32(2).u32(data.size()).u32(data.size()).text(data);
        ends.push_back(file.str().size());
    }
    expect_cut_anywhere(file.str(), ends);
}

TEST_P(ByteOrders, PcapngCutAnywhere) {
    FileBytes file = pcapng(GetParam());
    file.block(1, interface(GetParam(), 1));
    std::vector<std::size_t> ends;
    for (const std::string_view data : {"first", "second packet", "third"}) {
        file.block(6, enhanced(GetParam(), 0, 1, data));
        ends.push_back(file.str().size());
    }
    expect_cut_anywhere(file.str(), ends);
}

struct Damage {
    const char* what;
    std::string file;
    const char* error;
};

std::vector<Damage> damaged_files() {
    const auto ng = [](auto add) {
        FileBytes file = pcapng(false);
        file.block(1, interface(false, 1));
        return add(file), file.str();
    };
    return {
        {"nothing", "", "is empty, no capture"},
        {"gzip", std::string("\x1f\x8b\x08\0", 4), "is compressed; gunzip it first"},
        {"zstd", "\x28\xb5\x2f\xfd", "is compressed; unzstd it first"},
        {"xz",
         "\xfd"
         "7zX",
         "is compressed; unxz it first"},
        {"text", "not a capture, but long enough for one", "neither pcap nor pcapng"},
        {"pcap_version", FileBytes(false).u32(0xa1b2c3d4).u16(3).u16(0).text(std::string(16, '\0')).str(), "version 3"},
        {"pcap_huge", pcap(false, 0xa1b2c3d4, 1).u32(0).u32(0).u32(0x7fffffff).u32(1).str(), "claims 2147483647 bytes"},
        {"section_magic", FileBytes(false).u32(kPcapngSectionHeader).u32(28).u32(0).text(std::string(16, '\0')).str(),
         "byte-order magic"},
        {"section_length",
         FileBytes(false).u32(kPcapngSectionHeader).u32(30).u32(0x1a2b3c4d).u16(1).u16(0).u32(0).u32(0).u32(30).str(),
         "impossible length"},
        {"section_version",
         FileBytes(false).u32(kPcapngSectionHeader).u32(28).u32(0x1a2b3c4d).u16(2).u16(0).u32(0).u32(0).u32(28).str(),
         "pcapng version 2"},
        {"block_length", ng([](FileBytes& f) { f.u32(6).u32(13); }), "a block of 13 bytes"},
        {"block_huge", ng([](FileBytes& f) { f.u32(6).u32(0xfffffffc); }), "a block of 4294967280 bytes"},
        {"trailer", ng([](FileBytes& f) { f.u32(0x0bad).u32(12).u32(16); }), "two lengths of a block differ"},
        {"packet_short", ng([](FileBytes& f) { f.block(6, f.empty().u32(0)); }), "too short"},
        {"simple_short", ng([](FileBytes& f) { f.block(3, f.empty()); }), "too short"},
        {"interface_short", ng([](FileBytes& f) { f.block(1, f.empty().u32(0)); }), "too short"},
        {"packet_longer_than_block",
         ng([](FileBytes& f) { f.block(6, f.empty().u32(0).u32(0).u32(0).u32(5).u32(5).text("four")); }),
         "more than its block"},
        {"resolution", ng([](FileBytes& f) { f.block(1, interface(false, 1).u16(9).u16(1).text("\x14").pad()); }),
         "time resolution"},
        {"no_interface", pcapng(false).block(3, FileBytes(false).u32(1).text("x")).str(), "not described"},
    };
}

class DamagedFiles : public testing::TestWithParam<Damage> {};
INSTANTIATE_TEST_SUITE_P(CaptureReader, DamagedFiles, testing::ValuesIn(damaged_files()),
                         [](const auto& info) { return info.param.what; });

TEST_P(DamagedFiles, OneClearLine) {
    const WholeFile read = read_all(GetParam().file);
    EXPECT_THAT(read.error, HasSubstr(GetParam().error));
    EXPECT_THAT(read.error, testing::StartsWith("test.pcap: "));
    EXPECT_THAT(read.error, testing::Not(HasSubstr("\n")));
    EXPECT_TRUE(read.packets.empty());
}

TEST(CaptureReader, OptionsBeyondTheirBlockAreLeftAlone) {
    FileBytes file = pcapng(false);
    file.block(1, interface(false, 1).u16(9).u16(200).text("\x09"));
    file.block(6, enhanced(false, 0, 1, "x"));
    const WholeFile read = read_all(file.str());
    EXPECT_EQ(read.error, "");
    EXPECT_EQ(read.packets.at(0).time, 1000u);
}

TEST(CaptureReader, MissingFileIsNamed) {
    const auto reader = CaptureReader::open("/nonexistent/a.pcap");
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error(), "/nonexistent/a.pcap: cannot be read: No such file or directory");
}

TEST(CaptureReader, DirectoryIsAReadError) {
    const auto reader = CaptureReader::open("/");
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error(), "/: is a directory; name the captures in it");
}

TEST(CaptureReader, EmptyFileIsNoCapture) {
    const auto reader = CaptureReader::open("/dev/null");
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error(), "/dev/null: is empty, no capture");
}

TEST_P(ByteOrders, UnknownLinkTypeWithoutPacketsIsUnreadable) {
    const bool big = GetParam();
    const FileBytes none = pcapng(big);
    FileBytes unknown = none, both = none, other_section = none;
    unknown.block(1, interface(big, 147));
    both.block(1, interface(big, 147)).block(1, interface(big, 1));
    other_section.block(1, interface(big, 147)).text(none.str());
    constexpr const char* kUnreadable = "test.pcap: link type 147 cannot be read; these can: Ethernet";
    EXPECT_THAT(read_all(pcap(big, 0xa1b2c3d4, 147).str()).error, testing::StartsWith(kUnreadable));
    EXPECT_THAT(read_all(unknown.str()).error, testing::StartsWith(kUnreadable));
    EXPECT_THAT(read_all(other_section.str()).error, testing::StartsWith(kUnreadable));
    EXPECT_EQ(read_all(both.str()).error, "");
    EXPECT_EQ(read_all(none.str()).error, "") << "no interface, no packet: nothing that could not be read";
    EXPECT_EQ(read_all(pcap(big, 0xa1b2c3d4, 1).str()).error, "");
}

TEST(PcapngTime, Resolutions) {
    struct Row {
        std::uint64_t units;
        unsigned resolution;
        std::int64_t offset;
        Nanoseconds time;
    };
    constexpr Nanoseconds kLast = ~Nanoseconds{0};
    for (const Row& row : {
             Row{1700000000'000001, 6, 0, 1700000000'000001000},
             Row{1700000000'000000001, 9, 0, 1700000000'000000001},
             Row{1700000000, 0, 0, 1700000000'000000000},
             Row{1'500'000'000'999, 12, 0, 1'500'000'000},
             Row{(std::uint64_t{3} << 32) + (1u << 31), 0x80 | 32, 0, 3'500'000'000},
             Row{(std::uint64_t{1} << 63) + (std::uint64_t{1} << 62), 0x80 | 63, 0, 1'500'000'000},
             Row{7, 0x80, 0, 7'000'000'000},
             Row{5, 0, -2, 3'000'000'000},
             Row{5, 0, -6, 0},
             Row{5, 0, std::numeric_limits<std::int64_t>::min(), 0},
             Row{~std::uint64_t{0}, 0, 0, kLast},
             Row{~std::uint64_t{0}, 0, std::numeric_limits<std::int64_t>::max(), kLast},
         }) {
        EXPECT_EQ(pcapng_time(row.units, static_cast<std::uint8_t>(row.resolution), row.offset), row.time)
            << row.units << " at " << row.resolution;
    }
}

TEST(CaptureWriter, WhatIsWrittenReadsBack) {
    const ScratchFolder folder;
    const std::string path = folder / "written.pcap";
    auto writer = CaptureWriter::create(path);
    ASSERT_TRUE(writer) << writer.error();
    (*writer)->write(as_bytes("one"), 1700000000'123456789);
    (*writer)->write(as_bytes(""), 1700000000'123456790);
    ASSERT_TRUE((*writer)->close());
    auto reader = CaptureReader::open(path);
    ASSERT_TRUE(reader) << reader.error();
    const auto first = (*reader)->next();
    ASSERT_TRUE(first && *first);
    EXPECT_EQ(as_text((*first)->data), "one");
    EXPECT_EQ((*first)->time, 1700000000'123456789u);
    EXPECT_EQ((*first)->link_type, 1);
    const auto second = (*reader)->next();
    ASSERT_TRUE(second && *second);
    EXPECT_EQ((*second)->time, 1700000000'123456790u);
    const auto end = (*reader)->next();
    EXPECT_TRUE(end && !*end);
}

TEST(CaptureWriter, UnwritableFileIsNamed) {
    const auto writer = CaptureWriter::create("/nonexistent/out.pcap");
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error(), "/nonexistent/out.pcap: cannot be written: No such file or directory");
}

TEST(CaptureWriter, FullDiskIsReportedOnClose) {
    auto writer = CaptureWriter::create("/dev/full");
    ASSERT_TRUE(writer);
    (*writer)->write(as_bytes(std::string(100000, 'x')), 1);
    const auto closed = (*writer)->close();
    ASSERT_FALSE(closed);
    EXPECT_THAT(closed.error(), HasSubstr("No space left"));
    EXPECT_THAT(closed.error(), testing::Not(HasSubstr("removed")));
}

TEST(CaptureWriter, APartOfAFileIsRemoved) {
    const ScratchFolder folder;
    const std::string path = folder / "full.pcap";
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit full{8192, RLIM_INFINITY}, enough{RLIM_INFINITY, RLIM_INFINITY};
    auto writer = CaptureWriter::create(path);
    ASSERT_TRUE(writer) << writer.error();
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
    for (int i = 0; i < 10; ++i) (*writer)->write(as_bytes(std::string(10000, 'x')), 1);
    const auto closed = (*writer)->close();
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &enough), 0);
    ASSERT_FALSE(closed);
    EXPECT_THAT(closed.error(), HasSubstr(path + ": cannot be written: "));
    EXPECT_THAT(closed.error(), HasSubstr("the part that was written is removed"));
    EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

}  // namespace
}  // namespace sluis
