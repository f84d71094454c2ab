#pragma once
#include "types.h" // see there
