/* libtorch is reached through pkg-config flags only; CMiphaTorch includes its C++ headers. */
