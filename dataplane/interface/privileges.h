// What a program gives up once it has what it needs: capabilities, and system calls that only an intruder would make in
// its name. The units of boards/common/systemd do the same from outside, and more; this holds however it was started.
#pragma once

#include <cstdint>
#include <string>

#include <tl/expected.hpp>

namespace sluis {

/// A set of capabilities(7): bit n for number n of linux/capability.h.
using Capabilities = std::uint64_t;
constexpr Capabilities capability(int number) noexcept { return Capabilities{1} << number; }

/// The calling thread, and threads that it starts later, keep of what they have `effective` alone, and nothing that
/// they execute gets more. `reserve` stays permitted without effect: a program that starts itself anew has it again.
/// May be called by any thread; others keep theirs. The error is one line for people.
tl::expected<void, std::string> keep_capabilities(Capabilities effective, Capabilities reserve = 0);

enum class Programs : std::uint8_t { may_start, refused };

/// From here on no thread of the process, and nothing that it starts, may look into other processes, load code into the
/// kernel, mount, change namespaces, clock or identity, or (`Programs::refused`) execute anything: such calls fail with
/// EPERM. Costs a frame's system calls nothing that can be measured. The error is one line for people.
tl::expected<void, std::string> refuse_system_calls(Programs programs);

}  // namespace sluis
