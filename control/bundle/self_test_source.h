// Self-tests as people write them: a TOML file.
//
//   [[match]]                            # a rule must match
//   name = "www.tiktok.com"
//   rule = "tiktok.com"                  # this one; optional
//   category = "tiktok"                  # one of this category; optional. Without both: one that is on by default
//
//   [[pass]]                             # no rule may match that is on by default (or of `category`, or named `rule`)
//   tls_stream = "hello.bin"             # a file beside this one, by its plain name, and no link: the bytes that a TLS
//                                        # client sends first
//
//   [[pass]]
//   quic_hello = ["1.bin", "2.bin"]      # likewise: one UDP payload a file, of a QUIC client's first datagrams
//
//   [[match]]
//   dns_name = "03777777067469…00"       # a DNS name in wire form, hexadecimal
//
//   [[match]]
//   address = "192.0.2.7"                # of a server: only rules of kind prefix match it
//   category = "tiktok-addresses"
#pragma once

#include <string>
#include <vector>

#include "control/bundle/bundle.pb.h"

namespace sluis {

/// Adds the tests of a file, in its order, those that must match first. The errors are one line each: file:line:column,
/// what is wrong, and what to do.
void read_self_test_file(const std::string& path, google::protobuf::RepeatedPtrField<wire::SelfTest>& tests,
                         std::vector<std::string>& errors);

}  // namespace sluis
