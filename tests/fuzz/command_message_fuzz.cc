// Any bytes over the command socket, in either direction. To the dataplane: each message, behind its length in two
// bytes, has an answer that can be read, or ends the connection, and another client is served afterwards. To control:
// what is asked fails with a sentence, or has an answer.
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/dataplane_link/dataplane_link.h"
#include "dataplane/command_server.h"
#include "dataplane/trace_command.h"
#include "tests/fuzz/fuzz_folder.h"

namespace {

using namespace sluis;

void require(bool condition) {
    if (!condition) std::abort();
}

struct Handler final : CommandHandler, TraceHandler {
    command::State state() override { return {}; }
    std::optional<command::Reply> offer(const command::Offer&, std::vector<FileDescriptor> given) override {
        require(!given.empty());
        return done();
    }
    std::optional<command::Reply> set_mode(const command::SetMode&) override { return done(); }
    std::optional<command::Reply> configure(const command::Configure&, FileDescriptor given) override {
        require(given.valid());
        return done();
    }
    command::Reply end() override { return done(); }
    std::optional<command::Reply> outcome() override { return done(); }
    TraceAnswer begin_trace(const command::Trace& wanted, Time) override {
        static_cast<void>(read_trace_filter(wanted));
        return {done(), -1};
    }
    void stop_trace() override {}
    bool is_tracing() const override { return false; }
    void advance(Time) override {}
    static command::Reply done() {
        command::Reply reply;
        reply.set_code(command::MALFORMED);
        return reply;
    }
};

/// The dataplane's end.
class Server {
public:
    Server() {
        auto made = CommandServer::make(folder_.path(), "", handler_, handler_);
        require(made.has_value());
        server_ = std::move(*made);
    }
    void talk(std::string_view messages) {
        auto client = connect_for_commands(folder_.path(), 1);
        require(client.has_value());
        while (messages.size() >= 2) {
            const auto size = static_cast<std::size_t>(static_cast<unsigned char>(messages[0]) << 8 |
                                                       static_cast<unsigned char>(messages[1]));
            const std::string message(messages.substr(2, size));
            messages.remove_prefix(2 + message.size());
            if (!message.empty() && !ask(client->get(), message)) break;
        }
        client->reset();
        serve();
        command::Request request;
        request.mutable_state();
        const auto another = connect_for_commands(folder_.path(), 1);
        require(another && ask(another->get(), request.SerializeAsString()));
        serve();
    }

private:
    void serve() {
        for (int i = 0; i < 3; ++i) server_->serve(std::chrono::steady_clock::now());
    }
    /// False when the connection is over.
    bool ask(int client, const std::string& message) {
        if (!send_command(client, message)) return false;
        serve();
        const auto answer = receive_command(client);
        command::Reply reply;
        require(answer ? reply.ParseFromString(answer->bytes) : answer.error() == CommandEnd::closed);
        return answer.has_value();
    }

    FuzzFolder folder_;
    Handler handler_;
    std::unique_ptr<CommandServer> server_;
};

/// Control's end: the answer is there before the question.
void answer_with(const std::string& bytes) {
    static const FuzzFolder folder;
    static const FileDescriptor listener = std::move(*listen_for_commands(folder.path(), ""));
    auto link = DataplaneLink::connect(folder.path(), 1);
    const FileDescriptor server(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    require(link && server.valid());
    if (bytes.empty() || !send_command(server.get(), bytes)) return;
    const auto state = link->state();
    require(state || !state.error().message.empty() || state.error().code != command::OK);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Server server;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    server.talk(bytes);
    answer_with(std::string(bytes));
    return 0;
}
