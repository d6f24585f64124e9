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
  # The kernel's source already stands in the order in which chains overlap. GCC 12 does best when it schedules with an eye on the
  # registers before it hands them out, and leaves out what makes values live longer: fewer spills, 2 % with AVX-512 and 7 % with AVX2.
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_BUILD_TYPE MATCHES "Rel")
    foreach(isa avx2 avx512)
      list(APPEND gansweep_isa_options_${isa} -fschedule-insns -fsched-pressure -fno-tree-vectorize -fno-gcse)
    endforeach()
  endif()
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  list(APPEND gansweep_isas neon)
  set(gansweep_isa_definitions_neon GS_VECTOR_NEON)
  set(gansweep_isa_options_neon)
endif()
