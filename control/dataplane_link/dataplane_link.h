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

    /// `seconds`: how long each answer is waited for.
    static Result<DataplaneLink> connect(const std::string& runtime_directory, int seconds = kAnswerTime);

    Result<command::State> state();
    /// Offers a compiled set, a zone table, or both; what is in force then, once every worker judges by it.
    Result<command::State> offer(std::optional<Bytes> rules, std::optional<Bytes> zones);
    /// Has a pair run in another mode; what is in force then, once every worker does.
    Result<command::State> set_mode(const command::SetMode& wanted);
    /// What a text of the configuration file would change. Nothing is taken up.
    Result<command::Changes> check_configuration(Bytes text);
    /// Has a text taken up; `error().code` is RESTART, and nothing was, where that takes another start.
    Result<command::State> configure(Bytes text);
    /// Has the process end, to be started again by whoever started it.
    Result<command::State> end();

    /// Begins a trace: the memory that it is in (interface/trace_file.h). It ends with this link, which is for nothing
    /// else until then.
    Result<FileDescriptor> trace(const command::Trace& wanted);

    /// Whether the dataplane still holds its end.
    bool is_alive() const;

private:
    struct Answer {
        command::Reply reply;
        std::vector<FileDescriptor> descriptors;
    };
    DataplaneLink(FileDescriptor socket, int seconds) : socket_(std::move(socket)), seconds_(seconds) {}
    Result<Answer> ask(const command::Request& request, const std::vector<FileDescriptor>& objects);
    Result<Answer> send_configuration(Bytes text, bool dry_run);
    static Result<command::State> state_of(const Result<Answer>& answer);

    FileDescriptor socket_;
    int seconds_;
};

}  // namespace sluis
