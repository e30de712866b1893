#include "dataplane/flow/reassembly_buffer.h"

#include <algorithm>
#include <cstring>

namespace sluis {

Written ReassemblyBuffer::write(std::uint32_t offset, Bytes bytes) noexcept {
    const auto size = static_cast<std::uint32_t>(bytes.size());
    if (offset > capacity_ || size > capacity_ - offset) return Written::too_long;
    if (bytes.empty()) return Written::known;
    const std::uint32_t stop = offset + size;
    const bool had_holes = end_ > contiguous_;
    if (offset == contiguous_ && !had_holes) {  // the usual case: in order
        std::memcpy(data_ + offset, bytes.data(), size);
        contiguous_ = end_ = stop;
        return Written::fresh;
    }
    if (conflicts(offset, bytes)) return Written::conflict;
    if (stop <= contiguous_) return Written::known;
    if (offset <= contiguous_ && !had_holes) {
        std::memcpy(data_ + contiguous_, bytes.data() + (contiguous_ - offset), stop - contiguous_);
        contiguous_ = end_ = stop;
        return Written::fresh;
    }
    if (!had_holes) known_.clear(capacity_);
    const std::uint32_t begin = std::max(offset, contiguous_);
    if (stop <= end_ && known_.next_clear(begin, stop) == stop) return Written::known;
    std::memcpy(data_ + begin, bytes.data() + (begin - offset), stop - begin);
    known_.set(begin, stop);
    end_ = std::max(end_, stop);
    extend_contiguous();
    return Written::fresh;
}

bool ReassemblyBuffer::conflicts(std::uint32_t offset, Bytes bytes) const noexcept {
    const std::uint32_t stop = std::min(offset + static_cast<std::uint32_t>(bytes.size()), end_);
    const std::uint32_t known_stop = std::min(stop, contiguous_);
    if (offset < known_stop && std::memcmp(data_ + offset, bytes.data(), known_stop - offset) != 0) return true;
    for (std::uint32_t at = std::max(offset, contiguous_); at < stop;) {
        const std::uint32_t begin = known_.next_set(at, stop);
        at = known_.next_clear(begin, stop);
        if (begin < at && std::memcmp(data_ + begin, bytes.data() + (begin - offset), at - begin) != 0) return true;
    }
    return false;
}

void ReassemblyBuffer::extend_contiguous() noexcept { contiguous_ = known_.next_clear(contiguous_, end_); }

void ReassemblyBuffer::discard_front(std::uint32_t count) noexcept {
    if (count == 0) return;
    if (count >= end_) return clear();
    std::memmove(data_, data_ + count, end_ - count);
    if (end_ > contiguous_) known_.shift_down(count, end_);
    contiguous_ = contiguous_ > count ? contiguous_ - count : 0;
    end_ -= count;
    if (end_ > contiguous_) extend_contiguous();
}

void ReassemblyBuffer::copy_from(const ReassemblyBuffer& other) noexcept {
    std::memcpy(data_, other.data_, other.end_);
    contiguous_ = other.contiguous_;
    end_ = other.end_;
    if (end_ == contiguous_) return;
    known_.clear(capacity_);
    known_.copy_from(other.known_, other.capacity_);
}

bool ReassemblyBuffer::fill_from(const ReassemblyBuffer& other) noexcept {
    bool agree = true;
    const std::uint32_t stop = std::min(other.end_, capacity_);
    for (std::uint32_t at = 0; at < stop;) {
        const std::uint32_t begin = at < other.contiguous_ ? at : other.known_.next_set(at, stop);
        if (begin == stop) break;
        const std::uint32_t end =
            begin < other.contiguous_ ? std::min(other.contiguous_, stop) : other.known_.next_clear(begin, stop);
        agree &= fill(begin, {other.data_ + begin, end - begin});
        at = end;
    }
    return agree;
}

/// Writes what is not known yet. Returns whether what was known is the same.
bool ReassemblyBuffer::fill(std::uint32_t offset, Bytes bytes) noexcept {
    const bool agree = !conflicts(offset, bytes);
    const std::uint32_t stop = offset + static_cast<std::uint32_t>(bytes.size());
    if (end_ == contiguous_) known_.clear(capacity_);
    for (std::uint32_t at = std::max(offset, contiguous_); at < stop;) {
        const std::uint32_t begin = known_.next_clear(at, stop);
        at = known_.next_set(begin, stop);
        std::memcpy(data_ + begin, bytes.data() + (begin - offset), at - begin);
    }
    if (stop <= contiguous_) return agree;
    known_.set(std::max(offset, contiguous_), stop);
    end_ = std::max(end_, stop);
    extend_contiguous();
    return agree;
}

ReassemblyPool::ReassemblyPool(std::uint32_t small_count, std::uint32_t large_count, std::uint32_t large_size)
    : small_count_(small_count),
      large_size_(std::max((large_size + 63) / 64 * 64, kSmall)),
      bytes_(std::size_t{small_count} * kSmall + std::size_t{large_count} * large_size_,
             HugeArray<std::byte>::Content::any),
      maps_((std::size_t{small_count} * kSmall + std::size_t{large_count} * large_size_) / 64,
            HugeArray<std::uint64_t>::Content::any),
      buffers_(std::make_unique<ReassemblyBuffer[]>(small_count + large_count)),
      small_(small_count),
      large_(large_count) {
    std::size_t at = 0;
    for (std::uint32_t handle = 0; handle < small_count + large_count; ++handle) {
        const std::uint32_t size = is_large(handle) ? large_size_ : kSmall;
        buffers_[handle] = ReassemblyBuffer(&bytes_[at], &maps_[at / 64], size);
        at += size;
    }
}

std::uint32_t ReassemblyPool::take(std::uint32_t size) noexcept {
    if (size > large_size_) return kNone;
    std::uint32_t handle = size <= kSmall ? small_.take() : kNone;
    if (handle == kNone && (handle = large_.take()) != kNone) handle += small_count_;
    if (handle != kNone) buffers_[handle].clear();
    return handle;
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
