#include "dataplane/command_server.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sluis {
namespace {

/// Where the listener stands among the places that events name.
constexpr std::size_t kListener = CommandServer::kClients;

command::Reply refusal(command::Code code, const char* message) {
    command::Reply reply;
    reply.set_code(code);
    reply.set_message(message);
    return reply;
}

std::size_t objects_in(const command::Request& request) {
    const command::Offer& offer = request.offer();
    return static_cast<std::size_t>(offer.rules()) + static_cast<std::size_t>(offer.zones()) +
           static_cast<std::size_t>(request.has_configure());
}

}  // namespace

tl::expected<std::unique_ptr<CommandServer>, std::string> CommandServer::make(const std::string& runtime_directory,
                                                                              const std::string& group,
                                                                              CommandHandler& handler,
                                                                              TraceHandler& traces) {
    auto listener = listen_for_commands(runtime_directory, group);
    if (!listener) return tl::unexpected(listener.error());
    FileDescriptor events(::epoll_create1(EPOLL_CLOEXEC));
    std::unique_ptr<CommandServer> server(new CommandServer(command_path(runtime_directory), group,
                                                            std::move(*listener), std::move(events), handler, traces));
    if (!server->watch(EPOLL_CTL_ADD, server->listener_.get(), kListener, true))
        return tl::unexpected(std::string("cannot wait for commands: ") + std::strerror(errno));
    return server;
}

CommandServer::CommandServer(const std::string& path, std::string group, FileDescriptor listener, FileDescriptor events,
                             CommandHandler& handler, TraceHandler& traces)
    : group_(std::move(group)),
      listener_(std::move(listener)),
      events_(std::move(events)),
      name_(path),
      handler_(handler),
      traces_(traces) {}

CommandServer::~CommandServer() = default;

bool CommandServer::watch(int operation, int descriptor, std::size_t place, bool wanted) {
    epoll_event event{};
    if (wanted) event.events = EPOLLIN;
    event.data.u64 = place;
    return ::epoll_ctl(events_.get(), operation, descriptor, &event) == 0;
}

void CommandServer::serve(Time now) {
    if (waiting_) finish_offer(now);
    finish_trace(now);
    std::array<epoll_event, kClients + 1> events{};
    const int count = ::epoll_wait(events_.get(), events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < count; ++i) {
        const auto place = static_cast<std::size_t>(events[static_cast<std::size_t>(i)].data.u64);
        if (place == kListener)
            accept_all(now);
        else if (clients_[place])
            serve_client(place, now);
    }
    disconnect_silent(now);
    listen_while_there_is_room();
}

/// As many as there is room for; the others wait in the listener's queue.
void CommandServer::accept_all(Time now) {
    for (std::size_t place = 0; place < kClients; ++place) {
        if (clients_[place]) continue;
        FileDescriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!socket.valid()) return;
        if (!may_command(socket.get(), group_) || !watch(EPOLL_CTL_ADD, socket.get(), place, true)) continue;
        clients_[place] = Client{std::move(socket), now};
    }
}

void CommandServer::serve_client(std::size_t place, Time now) {
    Client& client = *clients_[place];
    if (!client.is_heard()) return disconnect(place);  // nothing is asked for but its end: it hung up
    auto message = receive_command(client.socket.get());
    if (!message) {
        if (message.error() == CommandEnd::none_yet) return;
        if (message.error() == CommandEnd::invalid)
            reply(place, refusal(command::MALFORMED, "a message with too many bytes or descriptors"), now);
        return disconnect(place);
    }
    client.heard = now;
    command::Request request;
    if (request.ParseFromString(message->bytes) && request.has_trace()) return begin_trace(place, request.trace(), now);
    if (const auto answered = answer(std::move(*message))) return reply(place, *answered, now);
    waiting_ = client.offered = true;
    watch(EPOLL_CTL_MOD, client.socket.get(), place, false);
}

std::optional<command::Reply> CommandServer::answer(CommandMessage message) {
    command::Request request;
    if (!request.ParseFromString(message.bytes) || request.kind_case() == command::Request::KIND_NOT_SET)
        return refusal(command::MALFORMED, "not a request of this version; use the sluisctl that came with it");
    if (request.has_state()) {
        command::Reply reply;
        reply.set_code(command::OK);
        *reply.mutable_state() = handler_.state();
        return reply;
    }
    if (request.has_end()) return handler_.end();
    if (const std::size_t objects = objects_in(request); objects != message.descriptors.size())
        return refusal(command::MALFORMED, "a message comes with one descriptor for each of its objects, and no other");
    if (waiting_) return refusal(command::BUSY, "another change is on its way; try again");
    if (request.has_set_mode()) return handler_.set_mode(request.set_mode());
    if (request.has_configure()) return handler_.configure(request.configure(), std::move(message.descriptors.front()));
    if (message.descriptors.empty()) return refusal(command::MALFORMED, "an offer comes with one object at least");
    return handler_.offer(request.offer(), std::move(message.descriptors));
}

/// The offer's client may be gone by then: what it offered stays in force.
void CommandServer::finish_offer(Time now) {
    const auto outcome = handler_.outcome();
    if (!outcome) return;
    waiting_ = false;
    for (std::size_t place = 0; place < kClients; ++place) {
        if (!clients_[place] || !clients_[place]->offered) continue;
        clients_[place]->offered = false;
        clients_[place]->heard = now;
        watch(EPOLL_CTL_MOD, clients_[place]->socket.get(), place, true);
        reply(place, *outcome, now);
    }
}

/// The client is told where the trace is, and is not heard any more until it has ended.
void CommandServer::begin_trace(std::size_t place, const command::Trace& wanted, Time now) {
    const TraceHandler::TraceAnswer answer = traces_.begin_trace(wanted, now);
    Client& client = *clients_[place];
    if (answer.reply.code() != command::OK) return reply(place, answer.reply, now);
    client.traces = true;
    watch(EPOLL_CTL_MOD, client.socket.get(), place, false);
    if (!send_command(client.socket.get(), answer.reply.SerializeAsString(), std::array{answer.memory}))
        disconnect(place);
}

void CommandServer::finish_trace(Time now) {
    traces_.advance(now);
    if (traces_.is_tracing()) return;
    for (std::size_t place = 0; place < kClients; ++place) {
        if (!clients_[place] || !clients_[place]->traces) continue;
        clients_[place]->traces = false;
        clients_[place]->heard = now;
        watch(EPOLL_CTL_MOD, clients_[place]->socket.get(), place, true);
    }
}

/// Who does not take its answer at once is not waited for.
void CommandServer::reply(std::size_t place, const command::Reply& reply, Time now) {
    clients_[place]->heard = now;
    if (!send_command(clients_[place]->socket.get(), reply.SerializeAsString())) disconnect(place);
}

void CommandServer::disconnect(std::size_t place) {
    if (clients_[place]->traces) traces_.stop_trace();
    clients_[place].reset();
}

void CommandServer::disconnect_silent(Time now) {
    for (std::optional<Client>& client : clients_)
        if (client && client->is_heard() && now - client->heard > kSilence) client.reset();
}

/// Nobody is woken by a queue that there is no room to take from.
void CommandServer::listen_while_there_is_room() {
    const bool room = std::any_of(clients_.begin(), clients_.end(), [](const auto& client) { return !client; });
    watch(EPOLL_CTL_MOD, listener_.get(), kListener, room);
}

}  // namespace sluis
