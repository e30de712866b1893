// Memory of tables that are many megabytes, and looked up at random: with pages of 4 KiB, most look-ups would miss the
// processor's cache of page addresses.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>

namespace sluis {

/// Memory, 64-byte aligned, for which the kernel is asked to take huge pages of 2 MiB, as far as whole ones fit into
/// its size. A kernel that has none takes small ones. All of its pages are there from the start.
void* allocate_huge(std::size_t size);
/// `size`: what was allocated.
void free_huge(void* memory, std::size_t size) noexcept;

/// A fixed number of `T` in such memory.
template <typename T>
class HugeArray {
    static_assert(alignof(T) <= 64 && std::is_trivially_destructible_v<T>);

public:
    /// Whether elements without initialisers of their own are zero: bytes that are written before they are read need
    /// not be.
    enum class Content { zero, any };

    HugeArray() = default;
    explicit HugeArray(std::size_t count, Content content = Content::zero)
        : elements_(static_cast<T*>(allocate_huge(count * sizeof(T))), {count * sizeof(T)}) {
        if (content == Content::zero)
            std::uninitialized_value_construct_n(elements_.get(), count);
        else
            std::uninitialized_default_construct_n(elements_.get(), count);
    }

    T& operator[](std::size_t index) const noexcept { return elements_[index]; }

private:
    struct Free {
        std::size_t size = 0;
        void operator()(T* elements) const noexcept { free_huge(elements, size); }
    };
    std::unique_ptr<T[], Free> elements_;
};

}  // namespace sluis
