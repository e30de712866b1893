#include "dataplane/interface/privileges.h"

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string>
#include <vector>

namespace sluis {
namespace {

using Status = tl::expected<void, std::string>;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
constexpr bool kSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kSanitized = false;
#endif

tl::unexpected<std::string> system_error(const char* what) {
    return tl::unexpected(std::string(what) + ": " + std::strerror(errno));
}

/// What the kernel calls version 3: two words of 32 bits for each set.
struct CapabilitySets {
    std::array<__user_cap_data_struct, 2> words{};

    bool read() {
        __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
        return ::syscall(SYS_capget, &header, words.data()) == 0;
    }
    bool write() const {
        __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
        return ::syscall(SYS_capset, &header, words.data()) == 0;
    }
    Capabilities permitted() const { return Capabilities{words[1].permitted} << 32 | words[0].permitted; }
    void set(Capabilities effective, Capabilities permitted, Capabilities inheritable) {
        for (unsigned word = 0; word < words.size(); ++word) {
            const auto part = [word](Capabilities set) { return static_cast<std::uint32_t>(set >> (32 * word)); };
            words[word] = {part(effective), part(permitted), part(inheritable)};
        }
    }
};

/// Takes CAP_SETPCAP; who has not got it was started with a bounding set by somebody who had.
void bound_capabilities(Capabilities kept) {
    for (int number = 0; ::prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; ++number)
        if ((kept & capability(number)) == 0) ::prctl(PR_CAPBSET_DROP, number, 0, 0, 0);
}

/// What no part of Sluis ever asks of the kernel once it runs.
constexpr long kRefused[]{
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_open_by_handle_at,
    SYS_setns,
    SYS_unshare,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_acct,
    SYS_quotactl,
    SYS_syslog,
    SYS_vhangup,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_personality,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setfsuid,
    SYS_setfsgid,
    SYS_setgroups,
#ifdef SYS_pidfd_getfd
    SYS_pidfd_getfd,
#endif
#ifdef SYS_iopl
    SYS_iopl,
    SYS_ioperm,
#endif
};
// Sanitizers look for leaks by ptrace, and have another program name the lines of what they found.
constexpr long kRefusedUnlessSanitized[]{SYS_ptrace};
constexpr long kStartsPrograms[]{SYS_execve, SYS_execveat};

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "say which AUDIT_ARCH_ this processor has"
#endif
/// Of x86-64's second ABI, whose numbers are others' with this bit.
constexpr std::uint32_t kX32 = 0x40000000;

std::vector<sock_filter> filter_for(const std::vector<long>& numbers) {
    constexpr std::uint32_t kRefusal = SECCOMP_RET_ERRNO | EPERM;
    const auto load = [](std::size_t offset) {
        return sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
    };
    const auto refuse_if = [](std::uint16_t test, std::uint32_t value, bool holds) {
        return sock_filter BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | test | BPF_K), value,
                                    static_cast<std::uint8_t>(holds ? 0 : 1), static_cast<std::uint8_t>(holds ? 1 : 0));
    };
    const sock_filter refusal = BPF_STMT(BPF_RET | BPF_K, kRefusal);
    std::vector<sock_filter> filter{
        load(offsetof(seccomp_data, arch)), refuse_if(BPF_JEQ, kArchitecture, false), refusal,
        load(offsetof(seccomp_data, nr)),   refuse_if(BPF_JGE, kX32, true),           refusal};
    for (const long number : numbers) {
        filter.push_back(refuse_if(BPF_JEQ, static_cast<std::uint32_t>(number), true));
        filter.push_back(refusal);
    }
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    return filter;
}

}  // namespace

Status keep_capabilities(Capabilities effective, Capabilities reserve) {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_error("cannot forbid itself new privileges");
    bound_capabilities(effective | reserve);
    CapabilitySets sets;
    if (!sets.read()) return system_error("cannot read its capabilities");
    const Capabilities permitted = sets.permitted() & (effective | reserve);
    sets.set(permitted & effective, permitted, permitted & reserve);
    if (!sets.write()) return system_error("cannot give up capabilities");
    for (int number = 0; number < 64; ++number)
        if ((permitted & reserve & capability(number)) != 0)
            ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0);
    return {};
}

Status refuse_system_calls(Programs programs) {
    std::vector<long> numbers(std::begin(kRefused), std::end(kRefused));
    if (!kSanitized) {
        numbers.insert(numbers.end(), std::begin(kRefusedUnlessSanitized), std::end(kRefusedUnlessSanitized));
        if (programs == Programs::refused)
            numbers.insert(numbers.end(), std::begin(kStartsPrograms), std::end(kStartsPrograms));
    }
    auto filter = filter_for(numbers);
    const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_error("cannot forbid itself new privileges");
    const long done = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
    if (done > 0) return tl::unexpected("thread " + std::to_string(done) + " has a filter of its own");
    if (done < 0) return system_error("cannot filter its system calls");
    return {};
}

}  // namespace sluis
