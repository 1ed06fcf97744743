// The tables of docs/HARDWARE.md that follow from the driver table. Thread-safe.
#pragma once

#include <string>

namespace assay::scan {

// Markdown: a table of the drivers and, of each, its keys in the lab file.
std::string drivers_markdown();

}  // namespace assay::scan
