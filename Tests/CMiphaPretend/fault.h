#pragma once

namespace pretend {

// From now on a process that dies because it touched memory of the device says so.
void report_faults();

} // namespace pretend
