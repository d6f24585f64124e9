# LAPACKE with the reference LAPACK and BLAS as static archives: the target StaticLAPACKE::StaticLAPACKE.
# The archives of the reference build are named by their full path, so that neither the threads nor the processor-specific
# kernels of another package's liblapack.so.3 change a bit of a result.
find_path(StaticLAPACKE_INCLUDE_DIR lapacke.h)
find_library(StaticLAPACKE_LAPACKE liblapacke.a)
find_library(StaticLAPACKE_LAPACK liblapack.a PATH_SUFFIXES lapack)
find_library(StaticLAPACKE_BLAS libblas.a PATH_SUFFIXES blas)
file(GLOB gfortran_folders "/usr/lib/gcc/*/*")
find_library(StaticLAPACKE_GFORTRAN libgfortran.a PATHS ${gfortran_folders})
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(StaticLAPACKE REQUIRED_VARS StaticLAPACKE_LAPACKE StaticLAPACKE_LAPACK StaticLAPACKE_BLAS
  StaticLAPACKE_GFORTRAN StaticLAPACKE_INCLUDE_DIR)
if(StaticLAPACKE_FOUND AND NOT TARGET StaticLAPACKE::StaticLAPACKE)
  add_library(StaticLAPACKE::StaticLAPACKE INTERFACE IMPORTED)
  target_include_directories(StaticLAPACKE::StaticLAPACKE INTERFACE "${StaticLAPACKE_INCLUDE_DIR}")
  target_link_libraries(StaticLAPACKE::StaticLAPACKE INTERFACE "${StaticLAPACKE_LAPACKE}" "${StaticLAPACKE_LAPACK}"
    "${StaticLAPACKE_BLAS}" "${StaticLAPACKE_GFORTRAN}" m)
  # quadmath: libgfortran's input and output refer to it on x86.
  find_library(StaticLAPACKE_QUADMATH libquadmath.a PATHS ${gfortran_folders})
  if(StaticLAPACKE_QUADMATH)
    target_link_libraries(StaticLAPACKE::StaticLAPACKE INTERFACE "${StaticLAPACKE_QUADMATH}")
  endif()
endif()
