#include "control/bundle/message_reader.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <climits>
#include <cstddef>
#include <cstdint>

#include "control/bundle/bundle_limits.h"

namespace sluis {
namespace {

using google::protobuf::io::CodedInputStream;

constexpr std::uint32_t kVarint = 0;
constexpr std::uint32_t kLengthDelimited = 2;

CodedInputStream stream_over(std::string_view bytes) {
    return CodedInputStream(reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
}

/// Passes over one field behind its tag, of the two kinds that our messages have.
bool skip_field(CodedInputStream& stream, std::size_t size, std::uint32_t tag) {
    std::uint64_t number = 0;
    if ((tag & 7) == kVarint) return stream.ReadVarint64(&number);
    std::uint32_t length = 0;
    if ((tag & 7) != kLengthDelimited || !stream.ReadVarint32(&length)) return false;
    const auto left = size - static_cast<std::size_t>(stream.CurrentPosition());
    return length <= left && stream.Skip(static_cast<int>(length));
}

/// The shape of the message in field `index`.
const MessageShape& shape_of(const MessageShape& outer, std::size_t index) {
    const auto* begin = outer.fields.data();
    return *outer.messages[static_cast<std::size_t>(std::count(begin, begin + index, 'm'))];
}

/// One field behind its tag.
bool field_fits(CodedInputStream& stream, std::string_view bytes, std::uint32_t tag, const MessageShape& shape) {
    const std::size_t index = (tag >> 3) - 1;
    if (index >= shape.fields.size()) return false;
    const char kind = shape.fields[index];
    if ((tag & 7) != (kind == 'v' ? kVarint : kLengthDelimited)) return false;
    if (kind == 'v') {
        std::uint64_t ignored = 0;
        return stream.ReadVarint64(&ignored);
    }
    std::uint32_t size = 0;
    if (!stream.ReadVarint32(&size)) return false;
    const auto at = static_cast<std::size_t>(stream.CurrentPosition());
    if (size > bytes.size() - at || !stream.Skip(static_cast<int>(size))) return false;
    return kind == 'b' || has_shape(bytes.substr(at, size), shape_of(shape, index));
}

}  // namespace

std::string write_message(const google::protobuf::MessageLite& message) { return message.SerializeAsString(); }

bool read_message(std::string_view bytes, google::protobuf::MessageLite& message) {
    if (bytes.size() > INT_MAX) return false;
    // A text that is no UTF-8 would be complained about on standard error, past our own message.
    const google::protobuf::LogSilencer silence;
    CodedInputStream stream = stream_over(bytes);
    stream.SetRecursionLimit(kMessageDepthLimit);
    return message.ParseFromCodedStream(&stream) && stream.ConsumedEntireMessage() && write_message(message) == bytes;
}

bool has_shape(std::string_view bytes, const MessageShape& shape) {
    if (bytes.size() > INT_MAX) return false;
    CodedInputStream stream = stream_over(bytes);
    while (static_cast<std::size_t>(stream.CurrentPosition()) < bytes.size()) {
        const std::uint32_t tag = stream.ReadTag();
        if (tag < 8 || !field_fits(stream, bytes, tag, shape)) return false;
    }
    return true;
}

std::size_t count_fields(std::string_view bytes, std::uint32_t field) {
    if (bytes.size() > INT_MAX) return 0;
    std::size_t count = 0;
    CodedInputStream stream = stream_over(bytes);
    while (static_cast<std::size_t>(stream.CurrentPosition()) < bytes.size()) {
        const std::uint32_t tag = stream.ReadTag();
        if (tag >> 3 == field) ++count;
        if (tag < 8 || !skip_field(stream, bytes.size(), tag)) break;
    }
    return count;
}

}  // namespace sluis
