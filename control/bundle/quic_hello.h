// The ClientHello in a capture of a QUIC connection's first datagrams.
#pragma once

#include <string>

#include <tl/expected.hpp>

#include "control/bundle/bundle.pb.h"

namespace sluis {

/// The server's name in the hello that the datagrams' Initials hold together, in whichever order. The keys derive from
/// the Destination Connection ID of the first. What a box would learn nothing from, or refuse, is no test: a datagram
/// under 1,200 bytes, an Initial that is not authentic, two contents for one byte. The error is a sentence without its
/// subject.
tl::expected<std::string, std::string> quic_server_name(const wire::QuicHello& hello);

}  // namespace sluis
