// One fuzz target a file: what reads bytes from outside, and inputs that it takes.
// libFuzzer calls the function (CMakeLists.txt says how); slice.cpp calls it with
// a fixed number of altered seeds, which is what the tests run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// Must come back whatever the bytes are; libFuzzer's own signature.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace assay::fuzz {

// Inputs that are good: alterations start from them. Never empty.
std::vector<std::string> seeds();

// Every file of the folder below the repository with that ending.
std::vector<std::string> files(const std::string& folder, const std::string& ending);

}  // namespace assay::fuzz
