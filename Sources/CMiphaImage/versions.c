#include "CMiphaImage.h"

#include <gif_lib.h>
#include <png.h>
#include <stdio.h>
// jpeglib.h needs FILE and size_t before it.
#include <jpeglib.h>
#include <webp/decode.h>

#define TEXT_OF(value) #value
#define VALUE_OF(macro) TEXT_OF(macro)

void mi_decoder_versions(char *text, size_t capacity) {
    snprintf(text, capacity, "libjpeg-turbo %s, libpng %s, libwebp %06x, giflib %d.%d.%d",
#ifdef LIBJPEG_TURBO_VERSION
             VALUE_OF(LIBJPEG_TURBO_VERSION),
#else
             VALUE_OF(JPEG_LIB_VERSION),
#endif
             png_get_libpng_ver(NULL), (unsigned)WebPGetDecoderVersion(), GIFLIB_MAJOR,
             GIFLIB_MINOR, GIFLIB_RELEASE);
}
