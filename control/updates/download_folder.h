// What was downloaded, whole or in part: at most one bundle, by its digest, so that a transfer goes on where it broke.
#pragma once

#include <cstdint>
#include <string>

#include "control/updates/mirror_client.h"
#include "control/updates/update_failure.h"

namespace sluis {

/// SHA256.part while it comes, SHA256.bundle when it is whole and was found to be what the note names.
class DownloadFolder {
public:
    explicit DownloadFolder(std::string directory) : directory_(std::move(directory)) {}

    /// Makes the folder, and removes all downloads but those of this digest (hexadecimal; empty: all).
    Fetched<void> prepare(const std::string& sha256) const;
    std::string part_path(const std::string& sha256) const { return directory_ + "/" + sha256 + ".part"; }
    std::string bundle_path(const std::string& sha256) const { return directory_ + "/" + sha256 + ".bundle"; }
    /// Bytes that have come; 0 when there is no such file.
    std::uint64_t part_size(const std::string& sha256) const;
    /// Begins anew.
    void remove_part(const std::string& sha256) const;
    /// The part is the whole.
    Fetched<void> finish(const std::string& sha256) const;

private:
    std::string directory_;
};

/// Appends an answer to a file, or begins it anew when the server does.
class FileBody final : public AnswerBody {
public:
    /// `from`: what was asked for, which the file has before it.
    FileBody(std::string path, std::uint64_t from, std::uint64_t size_limit)
        : path_(std::move(path)), from_(from), size_limit_(size_limit) {}
    ~FileBody() override;
    FileBody(const FileBody&) = delete;
    FileBody& operator=(const FileBody&) = delete;

    Fetched<void> begin(const AnswerHead& head) override;
    Fetched<void> take(Bytes bytes) override;
    /// Whether the file has a beginning from an earlier transfer.
    bool is_resumed() const { return resumed_; }
    /// Whether the server has no such rest: the file's beginning is of no use.
    bool is_beginning_useless() const { return beginning_useless_; }
    std::uint64_t taken() const { return taken_; }

private:
    Fetched<void> open(std::uint64_t keep);
    std::string path_;
    std::uint64_t from_;
    std::uint64_t size_limit_;
    std::uint64_t taken_ = 0;
    int descriptor_ = -1;
    bool resumed_ = false;
    bool beginning_useless_ = false;
};

/// Keeps a small answer in memory.
class MemoryBody final : public AnswerBody {
public:
    /// `may_be_same`: whether 304 is an answer to what was asked.
    explicit MemoryBody(bool may_be_same) : may_be_same_(may_be_same) {}
    Fetched<void> begin(const AnswerHead& head) override;
    Fetched<void> take(Bytes bytes) override;
    const std::string& content() const { return content_; }

private:
    std::string content_;
    bool may_be_same_;
};

}  // namespace sluis
