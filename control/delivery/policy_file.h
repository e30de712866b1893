// The policy as files have it: policy.toml with its device lists, and a copy of the last one that was right.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "control/delivery/policy_copy.pb.h"
#include "control/policy/policy.h"
#include "control/policy/policy_source.h"

namespace sluis {

/// A policy that was read, and what it was read from. Immutable.
struct ReadPolicy {
    Policy policy;
    wire::PolicyCopy copy;
    std::string digest;  ///< SHA-256 over text and devices, lower-case hexadecimal
    bool is_copy = false;

    /// What has to be compiled into the rules at a moment; ascending.
    std::vector<std::string> allowed_names(std::int64_t time) const;
};
using PolicyPointer = std::shared_ptr<const ReadPolicy>;

class PolicyFile {
public:
    /// `copy_path`: where the last good policy is kept.
    PolicyFile(std::string path, std::string copy_path) : path_(std::move(path)), copy_path_(std::move(copy_path)) {}

    /// What a look came to.
    struct Look {
        bool is_news = false;  ///< otherwise all is as with the look before
        bool changed = false;  ///< `policy` is to be taken: null, where there is no file
        PolicyPointer policy;
        std::string trouble;  ///< why the file as it is cannot be used, one line; empty: it can, or there is none
    };
    /// Reads when the file or one of its device lists has changed since the last look. The first look takes the copy
    /// when the file is wrong. A file that has gone counts as gone with the second look that misses it: an editor may
    /// be about to put another one there.
    Look look();
    /// Has the next look read, whatever the files' marks say.
    void forget() { marks_.clear(); }

    /// Reads a text as if it were the file's.
    tl::expected<PolicyPointer, Lines> read_text(const std::string& text) const;
    /// Puts a text in the file's place, whole or not at all.
    tl::expected<void, std::string> write(const std::string& text) const;
    /// Keeps a policy that has come into force; null: removes what was kept.
    tl::expected<void, std::string> keep(const ReadPolicy* policy) const;

    const std::string& path() const { return path_; }

private:
    std::string marks() const;
    Look look_at_missing();
    Look look_at_broken(const Lines& errors);
    tl::expected<PolicyPointer, Lines> read_copy() const;

    std::string path_;
    std::string copy_path_;
    std::string marks_;
    mutable std::vector<std::string> device_files_;  ///< that the last reading asked for
    bool looked_ = false;
    int missing_ = 0;  ///< looks in a row that found no file
};

}  // namespace sluis
