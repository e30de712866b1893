#include "dataplane/flow/reassembly_buffer.h"

#include <algorithm>
#include <cstring>

namespace sluis {

Written ReassemblyBuffer::write(std::uint32_t offset, Bytes bytes) noexcept {
    const auto size = static_cast<std::uint32_t>(bytes.size());
    if (offset > capacity_ || size > capacity_ - offset) return Written::too_long;
    if (bytes.empty()) return Written::known;
    if (conflicts(offset, bytes)) return Written::conflict;
    const std::uint32_t stop = offset + size;
    if (stop <= contiguous_ || size == 0) return Written::known;

    const bool had_holes = end_ > contiguous_;
    if (offset <= contiguous_ && !had_holes) {  // the usual case: in order
        std::memcpy(data_ + contiguous_, bytes.data() + (contiguous_ - offset), stop - contiguous_);
        contiguous_ = end_ = stop;
        return Written::fresh;
    }
    if (!had_holes) clear_map();
    bool fresh = stop > end_;
    for (std::uint32_t at = std::max(offset, contiguous_); at < stop && !fresh; ++at) fresh = !is_known(at);
    if (!fresh) return Written::known;
    const std::uint32_t begin = std::max(offset, contiguous_);
    std::memcpy(data_ + begin, bytes.data() + (begin - offset), stop - begin);
    mark_known(begin, stop);
    end_ = std::max(end_, stop);
    extend_contiguous();
    return Written::fresh;
}

bool ReassemblyBuffer::conflicts(std::uint32_t offset, Bytes bytes) const noexcept {
    const std::uint32_t stop = std::min(offset + static_cast<std::uint32_t>(bytes.size()), end_);
    const std::uint32_t known_stop = std::min(stop, contiguous_);
    if (offset < known_stop && std::memcmp(data_ + offset, bytes.data(), known_stop - offset) != 0) return true;
    for (std::uint32_t at = std::max(offset, contiguous_); at < stop; ++at)
        if (is_known(at) && data_[at] != bytes[at - offset]) return true;
    return false;
}

void ReassemblyBuffer::mark_known(std::uint32_t begin, std::uint32_t end) noexcept {
    for (std::uint32_t at = begin; at < end; ++at) known_[at / 64] |= std::uint64_t{1} << (at % 64);
}

void ReassemblyBuffer::extend_contiguous() noexcept {
    while (contiguous_ < end_ && is_known(contiguous_)) ++contiguous_;
}

void ReassemblyBuffer::clear_map() noexcept { std::memset(known_, 0, (capacity_ + 63) / 64 * sizeof *known_); }

void ReassemblyBuffer::discard_front(std::uint32_t count) noexcept {
    if (count == 0) return;
    if (count >= end_) {
        contiguous_ = end_ = 0;
        return;
    }
    std::memmove(data_, data_ + count, end_ - count);
    if (end_ > contiguous_) {
        for (std::uint32_t at = count; at < end_; ++at) {
            const bool known = at < contiguous_ || is_known(at);
            const std::uint64_t bit = std::uint64_t{1} << ((at - count) % 64);
            known_[(at - count) / 64] = known ? known_[(at - count) / 64] | bit : known_[(at - count) / 64] & ~bit;
        }
        for (std::uint32_t at = end_ - count; at < end_; ++at) known_[at / 64] &= ~(std::uint64_t{1} << (at % 64));
    }
    contiguous_ = contiguous_ > count ? contiguous_ - count : 0;
    end_ -= count;
    if (end_ > contiguous_) extend_contiguous();
}

void ReassemblyBuffer::copy_from(const ReassemblyBuffer& other) noexcept {
    std::memcpy(data_, other.data_, other.end_);
    contiguous_ = other.contiguous_;
    end_ = other.end_;
    if (end_ == contiguous_) return;
    clear_map();
    std::memcpy(known_, other.known_, (other.capacity_ + 63) / 64 * sizeof *known_);
}

ReassemblyPool::ReassemblyPool(std::uint32_t small_count, std::uint32_t large_count, std::uint32_t large_size)
    : small_count_(small_count),
      large_size_(std::max((large_size + 63) / 64 * 64, kSmall)),
      bytes_(std::make_unique_for_overwrite<std::byte[]>(std::size_t{small_count} * kSmall +
                                                         std::size_t{large_count} * large_size_)),
      maps_(std::make_unique_for_overwrite<std::uint64_t[]>(
          (std::size_t{small_count} * kSmall + std::size_t{large_count} * large_size_) / 64)),
      buffers_(std::make_unique<ReassemblyBuffer[]>(small_count + large_count)),
      small_(small_count),
      large_(large_count) {}

std::uint32_t ReassemblyPool::take(std::uint32_t size) noexcept {
    if (size > large_size_) return kNone;
    const std::size_t small_bytes = std::size_t{small_count_} * kSmall;
    if (size <= kSmall) {
        if (const std::uint32_t slot = small_.take(); slot != kNone) {
            const std::size_t at = std::size_t{slot} * kSmall;
            buffers_[slot] = ReassemblyBuffer(&bytes_[at], &maps_[at / 64], kSmall);
            return slot;
        }
    }
    const std::uint32_t slot = large_.take();
    if (slot == kNone) return kNone;
    const std::size_t at = small_bytes + std::size_t{slot} * large_size_;
    buffers_[small_count_ + slot] = ReassemblyBuffer(&bytes_[at], &maps_[at / 64], large_size_);
    return small_count_ + slot;
}

void ReassemblyPool::give_back(std::uint32_t handle) noexcept {
    if (is_large(handle)) return large_.give_back(handle - small_count_);
    small_.give_back(handle);
}

bool ReassemblyPool::grow(std::uint32_t& handle, std::uint32_t size) noexcept {
    if (buffers_[handle].capacity() >= size) return true;
    const std::uint32_t larger = take(std::max(size, kSmall + 1));
    if (larger == kNone) return false;
    buffers_[larger].copy_from(buffers_[handle]);
    give_back(handle);
    handle = larger;
    return true;
}

}  // namespace sluis
