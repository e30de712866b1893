// Values in memory that other threads or processes read while its one writer writes: each is whole, old or new.
// Relaxed loads and stores are the machine's plain ones; without them a compiler may tear a value, or store it twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace sluis {

template <typename Value>
Value load_shared(const Value& from) noexcept {
    Value value;
    __atomic_load(&from, &value, __ATOMIC_RELAXED);
    return value;
}

template <typename Value>
void store_shared(Value& to, std::type_identity_t<Value> value) noexcept {
    __atomic_store(&to, &value, __ATOMIC_RELAXED);
}

/// A count of one writer: it alone adds and takes away.
class SharedCount {
public:
    SharedCount() = default;
    constexpr SharedCount(std::uint64_t value) noexcept : value_(value) {}
    SharedCount& operator=(std::uint64_t value) noexcept {
        store_shared(value_, value);
        return *this;
    }
    operator std::uint64_t() const noexcept { return load_shared(value_); }
    SharedCount& operator+=(std::uint64_t more) noexcept { return *this = *this + more; }
    SharedCount& operator-=(std::uint64_t less) noexcept { return *this = *this - less; }
    SharedCount& operator++() noexcept { return *this += 1; }
    SharedCount& operator--() noexcept { return *this -= 1; }

private:
    std::uint64_t value_;
};
static_assert(sizeof(SharedCount) == sizeof(std::uint64_t) && std::is_trivially_copyable_v<SharedCount>);

/// Texts and records: byte by byte, so whoever reads has to find out by another value whether all of it is of one time.
inline void store_shared_bytes(void* to, const void* from, std::size_t size) noexcept {
    auto* at = static_cast<char*>(to);
    for (std::size_t i = 0; i < size; ++i) store_shared(at[i], static_cast<const char*>(from)[i]);
}
inline void load_shared_bytes(void* to, const void* from, std::size_t size) noexcept {
    const auto* at = static_cast<const char*>(from);
    for (std::size_t i = 0; i < size; ++i) static_cast<char*>(to)[i] = load_shared(at[i]);
}

}  // namespace sluis
