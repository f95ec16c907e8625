// The descriptors of proto/common.proto and proto/connector_sdk.proto are equal to those in
// wire_contract.json.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "proto/common.pb.h"
#include "proto/connector_sdk.pb.h"

namespace tributary {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using nlohmann::json;

// A type as in the contract: without the contract's own package.
std::string ShortName(const std::string& full_name, const std::string& package) {
  const std::string prefix = package + ".";
  return full_name.rfind(prefix, 0) == 0 ? full_name.substr(prefix.size()) : full_name;
}

std::string TypeName(const FieldDescriptor& field) {
  const std::string& package = field.file()->package();
  if (field.is_map()) {
    const Descriptor& entry = *field.message_type();
    return "map<" + TypeName(*entry.map_key()) + ", " + TypeName(*entry.map_value()) + ">";
  }
  if (field.message_type() != nullptr) {
    return ShortName(field.message_type()->full_name(), package);
  }
  if (field.enum_type() != nullptr) return ShortName(field.enum_type()->full_name(), package);
  return field.type_name();
}

json FieldAsContract(const FieldDescriptor& field) {
  json contract = {{"name", field.name()}, {"number", field.number()}, {"type", TypeName(field)}};
  if (field.is_repeated() && !field.is_map()) contract["repeated"] = true;
  if (field.has_optional_keyword()) contract["optional"] = true;
  if (field.real_containing_oneof() != nullptr) {
    contract["oneof"] = field.real_containing_oneof()->name();
  }
  return contract;
}

// The order of the fields in a definition does not matter on the wire.
json ByNumber(json fields) {
  std::sort(fields.begin(), fields.end(),
            [](const json& a, const json& b) { return a["number"] < b["number"]; });
  return fields;
}

json MessageAsContract(const Descriptor& message) {
  json fields = json::array();
  for (int i = 0; i < message.field_count(); ++i)
    fields.push_back(FieldAsContract(*message.field(i)));
  return ByNumber(std::move(fields));
}

json EnumAsContract(const EnumDescriptor& enumeration) {
  json values = json::object();
  for (int i = 0; i < enumeration.value_count(); ++i) {
    values[enumeration.value(i)->name()] = enumeration.value(i)->number();
  }
  return values;
}

json ServiceAsContract(const ServiceDescriptor& service) {
  json rpcs = json::array();
  for (int i = 0; i < service.method_count(); ++i) {
    const MethodDescriptor& rpc = *service.method(i);
    EXPECT_FALSE(rpc.client_streaming()) << rpc.full_name();
    rpcs.push_back(
        {{"rpc", rpc.name()},
         {"request", ShortName(rpc.input_type()->full_name(), service.file()->package())},
         {"response", ShortName(rpc.output_type()->full_name(), service.file()->package())},
         {"response_stream", rpc.server_streaming()}});
  }
  return rpcs;
}

// A message has fields and the entries of its maps, and no other definitions.
void ExpectOnlyFields(const Descriptor& message) {
  EXPECT_EQ(message.enum_type_count(), 0) << message.full_name();
  EXPECT_EQ(message.extension_count(), 0) << message.full_name();
  EXPECT_EQ(message.extension_range_count(), 0) << message.full_name();
  int maps = 0;
  for (int i = 0; i < message.field_count(); ++i) maps += message.field(i)->is_map() ? 1 : 0;
  EXPECT_EQ(message.nested_type_count(), maps) << message.full_name();
}

class WireContract : public testing::Test {
 protected:
  WireContract() {
    std::ifstream file(WIRE_CONTRACT_FILE);
    EXPECT_TRUE(file.good()) << WIRE_CONTRACT_FILE;
    contract_ = json::parse(file);
    files_ = {fivetran_sdk::v2::ValueType::descriptor()->file(),
              fivetran_sdk::v2::UpdateResponse::descriptor()->file()};
  }

  json contract_;
  std::vector<const FileDescriptor*> files_;
};

TEST_F(WireContract, TheContractItselfHasTheSizeThatIsKnown) {
  EXPECT_EQ(contract_["messages"].size(), 36u);
  EXPECT_EQ(contract_["enums"].size(), 3u);
  EXPECT_EQ(contract_["services"]["SourceConnector"].size(), 4u);
}

TEST_F(WireContract, FilesDefineAndImportExactlyWhatItSays) {
  json files = json::object();
  for (const FileDescriptor* file : files_) {
    EXPECT_EQ(json(file->package()), contract_["package"]) << file->name();
    EXPECT_EQ(file->syntax(), FileDescriptor::SYNTAX_PROTO3) << file->name();
    EXPECT_EQ(file->public_dependency_count(), 0) << file->name();
    EXPECT_EQ(file->weak_dependency_count(), 0) << file->name();
    EXPECT_EQ(file->extension_count(), 0) << file->name();
    std::vector<std::string> imports;
    for (int i = 0; i < file->dependency_count(); ++i)
      imports.push_back(file->dependency(i)->name());
    std::vector<std::string> defines;
    for (int i = 0; i < file->message_type_count(); ++i) {
      defines.push_back(file->message_type(i)->name());
    }
    for (int i = 0; i < file->enum_type_count(); ++i) defines.push_back(file->enum_type(i)->name());
    for (int i = 0; i < file->service_count(); ++i) defines.push_back(file->service(i)->name());
    std::sort(imports.begin(), imports.end());
    std::sort(defines.begin(), defines.end());
    files[file->name()] = {{"imports", imports}, {"defines", defines}};
  }
  for (json& file : contract_["files"]) {
    std::sort(file["imports"].begin(), file["imports"].end());
    std::sort(file["defines"].begin(), file["defines"].end());
  }
  EXPECT_EQ(files, contract_["files"]);
}

TEST_F(WireContract, EveryMessageHasExactlyItsFields) {
  json names = json::object();
  for (const FileDescriptor* file : files_) {
    for (int i = 0; i < file->message_type_count(); ++i) {
      const Descriptor& message = *file->message_type(i);
      ExpectOnlyFields(message);
      names[message.name()] = true;
      ASSERT_TRUE(contract_["messages"].contains(message.name())) << message.name();
      EXPECT_EQ(MessageAsContract(message), ByNumber(contract_["messages"][message.name()]))
          << message.name();
    }
  }
  for (const auto& [name, fields] : contract_["messages"].items()) {
    EXPECT_TRUE(names.contains(name)) << name << " is missing from the proto files";
  }
}

TEST_F(WireContract, EnumsHaveExactlyTheirValues) {
  json enums = json::object();
  for (const FileDescriptor* file : files_) {
    for (int i = 0; i < file->enum_type_count(); ++i) {
      enums[file->enum_type(i)->name()] = EnumAsContract(*file->enum_type(i));
    }
  }
  EXPECT_EQ(enums, contract_["enums"]);
}

TEST_F(WireContract, TheServiceHasExactlyItsCalls) {
  json services = json::object();
  for (const FileDescriptor* file : files_) {
    for (int i = 0; i < file->service_count(); ++i) {
      services[file->service(i)->name()] = ServiceAsContract(*file->service(i));
    }
  }
  EXPECT_EQ(services, contract_["services"]);
}

}  // namespace
}  // namespace tributary
