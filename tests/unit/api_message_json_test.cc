// The JSON that is written by hand against protobuf's own mapping of the same messages: built with the full runtime.
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>

#include "control/api/message_json.h"

namespace sluis {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

/// Gives every field a value of its own, down to the last message.
void fill(Message& message, int& next) {
    const auto& reflection = *message.GetReflection();
    const auto& descriptor = *message.GetDescriptor();
    for (int i = 0; i < descriptor.field_count(); ++i) {
        const FieldDescriptor* field = descriptor.field(i);
        ++next;
        if (field->is_map()) {
            Message& entry = *reflection.AddMessage(&message, field);
            fill(entry, next);
        } else if (field->is_repeated() && field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
            reflection.AddString(&message, field, "first \"" + std::to_string(next));
            reflection.AddString(&message, field, "second");
        } else if (field->is_repeated()) {
            fill(*reflection.AddMessage(&message, field), next);
            fill(*reflection.AddMessage(&message, field), next);
        } else {
            switch (field->cpp_type()) {
                case FieldDescriptor::CPPTYPE_STRING:
                    reflection.SetString(&message, field, "text \"" + std::to_string(next));
                    break;
                case FieldDescriptor::CPPTYPE_BOOL:
                    reflection.SetBool(&message, field, true);
                    break;
                case FieldDescriptor::CPPTYPE_UINT32:
                    reflection.SetUInt32(&message, field, 4'000'000'000u + next);
                    break;
                case FieldDescriptor::CPPTYPE_UINT64:
                    reflection.SetUInt64(&message, field, ~std::uint64_t{0} - next);
                    break;
                case FieldDescriptor::CPPTYPE_INT64:
                    reflection.SetInt64(&message, field, -9'000'000'000'000'000'000 + next);
                    break;
                case FieldDescriptor::CPPTYPE_DOUBLE:
                    reflection.SetDouble(&message, field, next / 7.0);
                    break;
                case FieldDescriptor::CPPTYPE_MESSAGE:
                    fill(*reflection.MutableMessage(&message, field), next);
                    break;
                default:
                    FAIL() << field->full_name() << " has a type that this test does not know";
            }
        }
    }
}

/// What protobuf reads of our JSON is the message, whole: no member is missing, surplus, or named otherwise.
template <typename M>
void expect_equal(const M& message) {
    const std::string json = to_json(message).dump();
    M read;
    const auto status = google::protobuf::util::JsonStringToMessage(json, &read);
    ASSERT_TRUE(status.ok()) << status.ToString() << "\n" << json;
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(message, read)) << json;
}

template <typename M>
class MessageJson : public testing::Test {};

using Messages =
    testing::Types<api::Status, api::Ports, api::Stats, api::Drops, api::Ruleset, api::Job, api::Explanation,
                   api::Configuration, api::Policy, api::ConfigPlan, api::Presence, api::WouldBlock, api::Trace,
                   api::Updates, api::Firmware, api::Caller, api::History, api::Evaluation>;
TYPED_TEST_SUITE(MessageJson, Messages);

TYPED_TEST(MessageJson, HasEveryField) {
    TypeParam message;
    int next = 0;
    fill(message, next);
    expect_equal(message);
}

// What is not set is there all the same, messages of one place too: no client has to ask whether.
TYPED_TEST(MessageJson, HasEveryFieldOfAnEmptyMessage) {
    TypeParam read;
    ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(to_json(TypeParam{}).dump(), &read).ok());
    google::protobuf::util::JsonPrintOptions options;
    options.always_print_primitive_fields = true;
    options.preserve_proto_field_names = true;
    std::string theirs;
    ASSERT_TRUE(google::protobuf::util::MessageToJsonString(TypeParam{}, &theirs, options).ok());
    const Json ours = to_json(TypeParam{}), wanted = Json::parse(theirs);
    for (const auto& [name, value] : wanted.items()) EXPECT_TRUE(ours.contains(name)) << name;
}

}  // namespace
}  // namespace sluis
