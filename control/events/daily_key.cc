#include "control/events/daily_key.h"

#include <arpa/inet.h>
#include <mbedtls/md.h>
#include <mbedtls/platform_util.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <vector>

#include "dataplane/packet/byte_order.h"

namespace sluis {
namespace {

std::size_t page_size() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

std::byte* make_page() {
    void* page = ::mmap(nullptr, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) std::abort();
    // Refused where the process may lock no memory: the key is as safe then as everything else in it.
    ::mlock(page, page_size());
    ::madvise(page, page_size(), MADV_DONTDUMP);
    ::madvise(page, page_size(), MADV_WIPEONFORK);
    return static_cast<std::byte*>(page);
}

}  // namespace

DailyKey::DailyKey() : key_(make_page()) { renew(); }

DailyKey::~DailyKey() {
    mbedtls_platform_zeroize(key_, kKeySize);
    ::munmap(key_, page_size());
}

void DailyKey::renew() {
    for (;;) {
        const ssize_t count = ::getrandom(key_, kKeySize, 0);
        if (count == static_cast<ssize_t>(kKeySize)) return;
        // A key that somebody could guess would be none.
        if (count < 0 && errno != EINTR) std::abort();
    }
}

std::uint64_t DailyKey::digest(std::string_view purpose, Bytes bytes) const {
    std::vector<unsigned char> message(purpose.begin(), purpose.end());
    message.push_back(0);
    for (const std::byte each : bytes) message.push_back(std::to_integer<unsigned char>(each));
    std::array<std::byte, 32> output{};
    const mbedtls_md_info_t* sha256 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    if (mbedtls_md_hmac(sha256, reinterpret_cast<const unsigned char*>(key_), kKeySize, message.data(), message.size(),
                        reinterpret_cast<unsigned char*>(output.data())) != 0)
        std::abort();
    return load_be<std::uint64_t>(output.data());
}

std::string pseudonym_address(const DailyKey& key, Bytes address) {
    std::array<std::byte, 16> made{std::byte{1}};
    store_be(made.data() + 8, key.digest("client", address));
    std::array<char, INET6_ADDRSTRLEN> text{};
    return ::inet_ntop(AF_INET6, made.data(), text.data(), text.size());
}

}  // namespace sluis
