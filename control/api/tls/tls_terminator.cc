#include "control/api/tls/tls_terminator.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string_view>
#include <utility>

#include "control/api/file_mark.h"
#include "control/api/listen_address.h"
#include "control/api/log.h"

namespace sluis {
namespace {

/// An order to end; anything below it, to reload.
constexpr std::uint64_t kEnd = std::uint64_t{1} << 32;
/// Between two looks at the files.
constexpr std::chrono::seconds kLookEvery{5};

std::string marks_of(const ApiConfig& config) {
    std::string marks;
    for (const std::string& path : {config.certificate, config.key, config.client_ca, config.client_crl})
        marks += file_mark(path) + " ";
    return marks;
}

}  // namespace

TlsTerminator::TlsTerminator(const ApiConfig& config, Sockets sockets, RemoteCallers& callers, TlsCounts& counts)
    : config_(config),
      sockets_(std::move(sockets)),
      callers_(callers),
      counts_(counts),
      orders_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      order_(event_new(base_.get(), orders_, EV_READ | EV_PERSIST, on_order, this)),
      time_(event_new(base_.get(), -1, EV_PERSIST, on_time, this)) {
    event_add(order_.get(), nullptr);
    const timeval between = interval(kLookEvery);
    event_add(time_.get(), &between);
}

tl::expected<std::unique_ptr<TlsTerminator>, std::string> TlsTerminator::start(const ApiConfig& config, Sockets sockets,
                                                                               RemoteCallers& callers,
                                                                               TlsCounts& counts) {
    std::unique_ptr<TlsTerminator> made(new TlsTerminator(config, std::move(sockets), callers, counts));
    made->marks_ = marks_of(config);
    auto settings = TlsSettings::load(config);
    if (!settings) return tl::unexpected(settings.error());
    made->settings_ = std::move(*settings);
    counts.expires = made->settings_->expires();
    for (const std::string& address : config.listen)
        if (const auto listening = made->listen(address); !listening) return tl::unexpected(listening.error());
    made->thread_ = std::thread([terminator = made.get()] { terminator->run(); });
    return made;
}

TlsTerminator::~TlsTerminator() {
    if (thread_.joinable()) {
        [[maybe_unused]] const ssize_t written = ::write(orders_, &kEnd, sizeof kEnd);
        thread_.join();
    }
    sessions_.clear();
    order_.reset();
    if (orders_ >= 0) ::close(orders_);
}

void TlsTerminator::reload() {
    const std::uint64_t order = 1;
    [[maybe_unused]] const ssize_t written = ::write(orders_, &order, sizeof order);
}

tl::expected<void, std::string> TlsTerminator::listen(const std::string& address) {
    auto listener = listen_at("api", address, *base_, on_accept, this);
    if (!listener) return tl::unexpected(listener.error());
    listeners_.push_back(std::move(*listener));
    return {};
}

void TlsTerminator::run() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    event_base_dispatch(base_.get());
}

void TlsTerminator::on_order(evutil_socket_t, short, void* terminator) {
    static_cast<TlsTerminator*>(terminator)->take_order();
}

void TlsTerminator::take_order() {
    std::uint64_t order = 0;
    if (::read(orders_, &order, sizeof order) != sizeof order) return;
    if (order >= kEnd)
        event_base_loopbreak(base_.get());
    else
        load_changed(true);
}

void TlsTerminator::on_time(evutil_socket_t, short, void* terminator) {
    static_cast<TlsTerminator*>(terminator)->load_changed(false);
}

void TlsTerminator::load_changed(bool always) {
    std::string marks = marks_of(config_);
    if (!always && marks == marks_) return;
    marks_ = std::move(marks);
    auto loaded = TlsSettings::load(config_);
    counts_.reload_failed = !loaded;
    if (!loaded) return log_event(LogPriority::error, "certificates_unusable", {{"error", loaded.error()}});
    settings_ = std::move(*loaded);
    counts_.expires = settings_->expires();
    log_event(LogPriority::notice, "certificates_loaded", {{"certificate", config_.certificate}});
}

void TlsTerminator::on_accept(evconnlistener*, evutil_socket_t client, sockaddr* address, int, void* terminator) {
    static_cast<TlsTerminator*>(terminator)->accept(client, *address);
}

void TlsTerminator::accept(int client, const sockaddr& address) {
    std::string source = source_of(address);
    limit_handshakes(kTlsHandshakesPerSource, [&](const TlsSession& each) { return each.source() == source; });
    limit_handshakes(kTlsHandshakeLimit, [](const TlsSession&) { return true; });
    const int on = 1;
    ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    TlsSessionOwner& owner = *this;
    sessions_.push_back(std::make_unique<TlsSession>(owner, *base_, client, std::move(source), settings_));
    counts_.connections = sessions_.size();
}

/// Has room for one more.
template <typename Belongs>
void TlsTerminator::limit_handshakes(std::size_t limit, Belongs belongs) {
    const auto is_one = [&](const auto& each) { return each->is_shaking_hands() && belongs(*each); };
    const auto count = std::count_if(sessions_.begin(), sessions_.end(), is_one);
    if (static_cast<std::size_t>(count) < limit) return;
    end_for_another(std::find_if(sessions_.begin(), sessions_.end(), is_one));
}

bool TlsTerminator::admit(const Caller& caller) {
    const auto held = std::count_if(sessions_.begin(), sessions_.end(), [&](const auto& each) {
        return !each->is_shaking_hands() && each->caller().name == caller.name;
    });
    const auto own = static_cast<std::size_t>(held);
    const bool admitted = own < kTlsConnectionsPerClient && make_room_for(own, caller.role);
    if (!admitted) ++counts_.turned_away;
    return admitted;
}

/// For a client that has `held` connections.
bool TlsTerminator::make_room_for(std::size_t held, Role role) {
    std::map<std::string_view, std::vector<Sessions::iterator>> clients;
    std::size_t all = 0;
    for (auto each = sessions_.begin(); each != sessions_.end(); ++each) {
        if ((*each)->is_shaking_hands() || (*each)->caller().role != role) continue;
        clients[(*each)->caller().name].push_back(each);
        ++all;
    }
    if (all < kTlsConnectionsPerRole) return true;
    const auto& most = std::max_element(clients.begin(), clients.end(), [](const auto& one, const auto& other) {
                           return one.second.size() < other.second.size();
                       })->second;
    if (most.size() <= held + 1) return false;
    end_for_another(*std::min_element(most.begin(), most.end(), [](const auto& one, const auto& other) {
        return (*one)->moved() < (*other)->moved();
    }));
    return true;
}

void TlsTerminator::end_for_another(Sessions::iterator session) {
    ++counts_.made_room;
    sessions_.erase(session);
    counts_.connections = sessions_.size();
}

void TlsTerminator::close(TlsSession& session) {
    sessions_.remove_if([&](const auto& each) { return each.get() == &session; });
    counts_.connections = sessions_.size();
}

}  // namespace sluis
