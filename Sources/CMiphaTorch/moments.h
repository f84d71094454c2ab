// AdamW whose moments are held in 8 bits.
#pragma once

#include "CMiphaTorch.h"

namespace mipha {

// Some elements of a parameter that begin a block.
struct MomentRange {
    float *parameter;
    const float *gradient;
    uint8_t *first, *second;            // codes
    float *first_scales, *second_scales; // largest magnitude of each block
    int64_t count;
};

// One step, the `step`th; counted from 1.
void update_coded_moments(const MomentRange &range, const mt_adamw_options &options, double step);

} // namespace mipha
