#include "control/dataplane_link/dataplane_link.h"

#include <poll.h>

#include <utility>

#include "dataplane/interface/command_socket.h"
#include "dataplane/interface/sealed_memory.h"

namespace sluis {
namespace {

tl::unexpected<DataplaneLink::Error> error(std::string message, command::Code code = command::UNKNOWN) {
    return tl::unexpected(DataplaneLink::Error{code, std::move(message)});
}

}  // namespace

DataplaneLink::Result<DataplaneLink> DataplaneLink::connect(const std::string& runtime_directory, int seconds) {
    auto socket = connect_for_commands(runtime_directory, seconds);
    if (!socket) return error(socket.error());
    return DataplaneLink(std::move(*socket), seconds);
}

DataplaneLink::Result<command::State> DataplaneLink::state_of(const Result<Answer>& answer) {
    if (!answer) return tl::unexpected(answer.error());
    return answer->reply.state();
}

DataplaneLink::Result<command::State> DataplaneLink::state() {
    command::Request request;
    request.mutable_state();
    return state_of(ask(request, {}));
}

DataplaneLink::Result<FileDescriptor> DataplaneLink::trace(const command::Trace& wanted) {
    command::Request request;
    *request.mutable_trace() = wanted;
    auto answer = ask(request, {});
    if (!answer) return tl::unexpected(answer.error());
    if (answer->descriptors.size() != 1) return error("the dataplane's answer is of another version");
    return std::move(answer->descriptors.front());
}

DataplaneLink::Result<command::State> DataplaneLink::offer(std::optional<Bytes> rules, std::optional<Bytes> zones) {
    command::Request request;
    request.mutable_offer()->set_rules(rules.has_value());
    request.mutable_offer()->set_zones(zones.has_value());
    std::vector<FileDescriptor> objects;
    for (const auto& [name, bytes] : {std::pair("sluis-rules", rules), std::pair("sluis-zones", zones)}) {
        if (!bytes) continue;
        auto sealed = seal_memory(name, *bytes);
        if (!sealed) return error(sealed.error());
        objects.push_back(std::move(*sealed));
    }
    return state_of(ask(request, objects));
}

DataplaneLink::Result<command::State> DataplaneLink::set_mode(const command::SetMode& wanted) {
    command::Request request;
    *request.mutable_set_mode() = wanted;
    return state_of(ask(request, {}));
}

DataplaneLink::Result<DataplaneLink::Answer> DataplaneLink::send_configuration(Bytes text, bool dry_run) {
    auto sealed = seal_memory("sluis-config", text);
    if (!sealed) return error(sealed.error());
    command::Request request;
    request.mutable_configure()->set_dry_run(dry_run);
    std::vector<FileDescriptor> objects;
    objects.push_back(std::move(*sealed));
    return ask(request, objects);
}

DataplaneLink::Result<command::Changes> DataplaneLink::check_configuration(Bytes text) {
    const auto answer = send_configuration(text, true);
    if (!answer) return tl::unexpected(answer.error());
    return answer->reply.changes();
}

DataplaneLink::Result<command::State> DataplaneLink::configure(Bytes text) {
    return state_of(send_configuration(text, false));
}

DataplaneLink::Result<command::State> DataplaneLink::end() {
    command::Request request;
    request.mutable_end();
    return state_of(ask(request, {}));
}

bool DataplaneLink::is_alive() const {
    pollfd end{socket_.get(), POLLRDHUP, 0};
    return ::poll(&end, 1, 0) == 0;
}

DataplaneLink::Result<DataplaneLink::Answer> DataplaneLink::ask(const command::Request& request,
                                                                const std::vector<FileDescriptor>& objects) {
    std::vector<int> descriptors;
    for (const FileDescriptor& object : objects) descriptors.push_back(object.get());
    if (!send_command(socket_.get(), request.SerializeAsString(), descriptors))
        return error("the dataplane takes no command: the connection is gone; connect again");
    auto message = receive_command(socket_.get());
    if (!message)
        return error(message.error() == CommandEnd::none_yet
                         ? "the dataplane has not answered within " + std::to_string(seconds_) + " seconds"
                         : "the dataplane has closed the connection without an answer");
    command::Reply reply;
    if (!reply.ParseFromString(message->bytes)) return error("the dataplane's answer is of another version");
    if (reply.code() != command::OK) return error(reply.message(), reply.code());
    return Answer{std::move(reply), std::move(message->descriptors)};
}

}  // namespace sluis
