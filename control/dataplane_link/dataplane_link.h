// One connection to the dataplane's command socket.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "dataplane/interface/command.pb.h"
#include "dataplane/interface/file_descriptor.h"
#include "dataplane/packet/bytes.h"

namespace sluis {

class DataplaneLink {
public:
    /// How long an answer is waited for, seconds: a large rule set takes one or two.
    static constexpr int kAnswerTime = 30;

    /// Why a request was not met. `code` is UNKNOWN when no answer came, and then a state query tells what is in force.
    struct Error {
        command::Code code = command::UNKNOWN;
        std::string message;  ///< one line for people
    };
    template <typename T>
    using Result = tl::expected<T, Error>;

    static Result<DataplaneLink> connect(const std::string& runtime_directory);

    Result<command::State> state();
    /// Offers a compiled set, a zone table, or both; what is in force then, once every worker judges by it.
    Result<command::State> offer(std::optional<Bytes> rules, std::optional<Bytes> zones);

private:
    explicit DataplaneLink(FileDescriptor socket) : socket_(std::move(socket)) {}
    Result<command::State> ask(const command::Request& request, const std::vector<FileDescriptor>& objects);

    FileDescriptor socket_;
};

}  // namespace sluis
