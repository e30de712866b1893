#include "dataplane/protocol/hpack.h"

#include <cstring>

#include "dataplane/packet/byte_reader.h"
#include "dataplane/protocol/hpack_static_table.h"

namespace sluis {

HpackField HpackTable::operator[](std::size_t index) const noexcept {
    const Entry& entry = entries_[(next_ + kEntries - index) % kEntries];
    const Bytes all = Bytes(bytes_).subspan(entry.begin, entry.length());
    return {all.first(entry.name_length), all.subspan(entry.name_length)};
}

void HpackTable::evict_to(std::size_t limit) noexcept {
    while (size_ > limit) {
        size_ -= oldest().length() + kHpackEntryOverhead;
        --count_;
    }
}

void HpackTable::resize(std::size_t limit) noexcept {
    limit_ = limit;
    evict_to(limit);
}

void HpackTable::insert(const HpackField& field) noexcept {
    const std::size_t size = field.size();
    evict_to(size > limit_ ? 0 : limit_ - size);
    if (size > limit_) return;
    if (field.name.size() + field.value.size() > bytes_.size() - end_) move_to_front();
    entries_[next_] = {static_cast<std::uint16_t>(end_), static_cast<std::uint16_t>(field.name.size()),
                       static_cast<std::uint16_t>(field.value.size())};
    next_ = (next_ + 1) % kEntries;
    ++count_;
    size_ += size;
    append(field.name);
    append(field.value);
}

/// Makes room behind the newest entry. What the entries' overhead counts for is free, so that this is seldom.
void HpackTable::move_to_front() noexcept {
    const std::size_t begin = count_ == 0 ? end_ : oldest().begin;
    std::memmove(bytes_.data(), bytes_.data() + begin, end_ - begin);
    for (std::size_t i = 1; i <= count_; ++i) {
        Entry& entry = entries_[(next_ + kEntries - i) % kEntries];
        entry.begin = static_cast<std::uint16_t>(entry.begin - begin);
    }
    end_ -= begin;
}

void HpackTable::append(Bytes bytes) noexcept {
    if (bytes.empty()) return;
    std::memcpy(bytes_.data() + end_, bytes.data(), bytes.size());
    end_ += bytes.size();
}

/// One pass over a header block. Steps return `none`, or the reason to stop.
class HpackBlockReader {
public:
    HpackBlockReader(HpackTable& table, Bytes block, MutableBytes scratch, HpackFieldVisitor& visitor) noexcept
        : table_(table), reader_(block), scratch_(scratch), visitor_(visitor) {}
    Reason run() noexcept;

private:
    Reason step() noexcept;
    Reason indexed() noexcept;
    Reason literal(std::uint8_t prefix, bool insert) noexcept;
    Reason table_size_update() noexcept;
    Reason deliver(const HpackField& field) noexcept;
    Reason find(std::uint32_t index, HpackField& field) const noexcept;
    Reason integer(std::uint8_t prefix, std::uint32_t& value) noexcept;
    Reason string(Bytes& text) noexcept;
    Reason literal_name(std::uint32_t index, Bytes& name) noexcept;
    Reason reserve(std::size_t size, MutableBytes& room) noexcept;

    HpackTable& table_;
    ByteReader reader_;
    MutableBytes scratch_;
    HpackFieldVisitor& visitor_;
    std::size_t scratch_used_ = 0;  ///< by the field that is read
    std::size_t list_size_ = 0;
    bool fields_begun_ = false;
};

Reason HpackBlockReader::run() noexcept {
    Reason reason = Reason::none;
    while (reason == Reason::none && !reader_.at_end()) {
        scratch_used_ = 0;
        reason = step();
    }
    return reason;
}

/// One field representation or size update (RFC 7541, section 6), told apart by its first bits.
Reason HpackBlockReader::step() noexcept {
    const auto first = std::to_integer<std::uint8_t>(reader_.rest().front());
    if ((first & 0x80) != 0) return indexed();
    if ((first & 0x40) != 0) return literal(6, true);
    if ((first & 0x20) != 0) return table_size_update();
    return literal(4, false);  // without indexing, or never indexed
}

/// RFC 7541, section 5.1. Four bytes after the prefix are enough for everything that is not out of bounds.
Reason HpackBlockReader::integer(std::uint8_t prefix, std::uint32_t& value) noexcept {
    const std::uint32_t mask = (1u << prefix) - 1;
    value = reader_.u8() & mask;
    if (value < mask) return reader_.ok() ? Reason::none : Reason::http_malformed;
    for (std::uint32_t shift = 0; shift <= 21; shift += 7) {
        const std::uint32_t next = reader_.u8();
        if (!reader_.ok()) return Reason::http_malformed;
        value += (next & 0x7f) << shift;
        if ((next & 0x80) == 0) return Reason::none;
    }
    return Reason::http_malformed;
}

Reason HpackBlockReader::find(std::uint32_t index, HpackField& field) const noexcept {
    if (index == 0) return Reason::http_malformed;
    if (index <= kHpackStaticTable.size()) {
        const HpackStaticEntry& entry = kHpackStaticTable[index - 1];
        field = {as_bytes(entry.name), as_bytes(entry.value)};
        return Reason::none;
    }
    const std::size_t place = index - kHpackStaticTable.size();
    if (place > table_.count()) return Reason::http_malformed;
    field = table_[place];
    return Reason::none;
}

Reason HpackBlockReader::deliver(const HpackField& field) noexcept {
    fields_begun_ = true;
    list_size_ += field.size();
    if (list_size_ > kHpackListLimit) return Reason::stream_limit;
    return visitor_.on_field(field);
}

Reason HpackBlockReader::indexed() noexcept {
    std::uint32_t index = 0;
    HpackField field;
    Reason reason = integer(7, index);
    if (reason == Reason::none) reason = find(index, field);
    return reason == Reason::none ? deliver(field) : reason;
}

Reason HpackBlockReader::literal(std::uint8_t prefix, bool insert) noexcept {
    std::uint32_t index = 0;
    HpackField field;
    Reason reason = integer(prefix, index);
    if (reason == Reason::none) reason = literal_name(index, field.name);
    if (reason == Reason::none) reason = string(field.value);
    if (reason == Reason::none) reason = deliver(field);
    if (reason == Reason::none && insert) table_.insert(field);
    return reason;
}

/// A name out of the table is copied: the entry may have to leave for the one that it gives its name to (RFC 7541,
/// section 4.4).
Reason HpackBlockReader::literal_name(std::uint32_t index, Bytes& name) noexcept {
    if (index == 0) return string(name);
    HpackField known;
    if (const Reason reason = find(index, known); reason != Reason::none) return reason;
    MutableBytes room;
    if (const Reason reason = reserve(known.name.size(), room); reason != Reason::none) return reason;
    if (!known.name.empty()) std::memcpy(room.data(), known.name.data(), known.name.size());
    name = room;
    return Reason::none;
}

/// RFC 7541, section 5.2.
Reason HpackBlockReader::string(Bytes& text) noexcept {
    const bool huffman = !reader_.at_end() && (std::to_integer<std::uint8_t>(reader_.rest().front()) & 0x80) != 0;
    std::uint32_t length = 0;
    if (const Reason reason = integer(7, length); reason != Reason::none) return reason;
    text = reader_.bytes(length);
    if (!reader_.ok()) return Reason::http_malformed;
    if (!huffman) return Reason::none;
    const auto size = decode_hpack_huffman(text, scratch_.subspan(scratch_used_));
    if (!size) return size.error();
    text = scratch_.subspan(scratch_used_, *size);
    scratch_used_ += *size;
    return Reason::none;
}

Reason HpackBlockReader::reserve(std::size_t size, MutableBytes& room) noexcept {
    if (size > scratch_.size() - scratch_used_) return Reason::stream_limit;
    room = scratch_.subspan(scratch_used_, size);
    scratch_used_ += size;
    return Reason::none;
}

/// RFC 7541, section 6.3: before a block's fields only (section 4.2).
Reason HpackBlockReader::table_size_update() noexcept {
    std::uint32_t size = 0;
    if (const Reason reason = integer(5, size); reason != Reason::none) return reason;
    if (fields_begun_) return Reason::http_malformed;
    if (size > kHpackTableLimit) return Reason::stream_limit;
    table_.resize(size);
    return Reason::none;
}

Reason HpackDecoder::decode(Bytes block, MutableBytes scratch, HpackFieldVisitor& visitor) noexcept {
    return HpackBlockReader(table_, block, scratch, visitor).run();
}

}  // namespace sluis
