# The instruction sets that the pack kernel is compiled for, and what each needs of the compiler.
set(gansweep_isas portable)
set(gansweep_isa_definitions_portable)
# GCC 12 at -O3 miscompiles the portable vectors' loops when it vectorises them itself: Philox in lanes then gives wrong words
# (the test philox_portable sees it). Most of their time goes to fmaf, so nothing is lost without.
set(gansweep_isa_options_portable -fno-tree-vectorize -fno-tree-slp-vectorize)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(APPEND gansweep_isas avx2 avx512)
  set(gansweep_isa_definitions_avx2 GS_VECTOR_AVX2)
  set(gansweep_isa_options_avx2 -mavx2 -mfma)
  set(gansweep_isa_definitions_avx512 GS_VECTOR_AVX512)
  set(gansweep_isa_options_avx512 -mavx512f -mavx512dq -mavx2 -mfma -mprefer-vector-width=512)
  # What GCC 12 does beyond -O2 spills 512-bit registers: 2 % slower. 256-bit code is 7 % slower without.
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_BUILD_TYPE STREQUAL "Release")
    list(APPEND gansweep_isa_options_avx512 -O2 -fno-tree-vectorize -fno-tree-pre -fno-gcse)
  endif()
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  list(APPEND gansweep_isas neon)
  set(gansweep_isa_definitions_neon GS_VECTOR_NEON)
  set(gansweep_isa_options_neon)
endif()
