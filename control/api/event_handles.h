// libevent's objects, each with its end.
#pragma once

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <sys/time.h>

#include <chrono>
#include <memory>

namespace sluis {

struct EventEnd {
    void operator()(event_base* base) const noexcept { event_base_free(base); }
    void operator()(event* each) const noexcept { event_free(each); }
    void operator()(bufferevent* each) const noexcept { bufferevent_free(each); }
    void operator()(evconnlistener* each) const noexcept { evconnlistener_free(each); }
};

using EventBase = std::unique_ptr<event_base, EventEnd>;
using LoopEvent = std::unique_ptr<event, EventEnd>;
using BufferEvent = std::unique_ptr<bufferevent, EventEnd>;
using Listener = std::unique_ptr<evconnlistener, EventEnd>;

/// For event_add.
inline timeval interval(std::chrono::milliseconds time) {
    return {static_cast<time_t>(time.count() / 1000), static_cast<suseconds_t>(time.count() % 1000 * 1000)};
}

}  // namespace sluis
