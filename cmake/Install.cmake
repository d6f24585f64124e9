# What `cmake --install` puts where: program, library, headers, the CMake package, gansweep.pc, experiments and licence.
include(CMakePackageConfigHelpers)
set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/gansweep")

install(TARGETS gansweep-cli RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(TARGETS gansweep EXPORT gansweep-targets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(DIRECTORY experiments DESTINATION "${CMAKE_INSTALL_DATADIR}/gansweep" FILES_MATCHING PATTERN "*.yaml")
install(FILES "${CMAKE_BINARY_DIR}/viewer.html" DESTINATION "${CMAKE_INSTALL_DATADIR}/gansweep" OPTIONAL) # made by analysis/viewer/build
install(FILES LICENSE CITATION.cff DESTINATION "${CMAKE_INSTALL_DOCDIR}")

# find_package(gansweep): the target gansweep::gansweep. The modules that find what it is linked with go along.
install(EXPORT gansweep-targets NAMESPACE gansweep:: DESTINATION "${package_folder}")
configure_package_config_file(cmake/gansweep-config.cmake.in gansweep-config.cmake INSTALL_DESTINATION "${package_folder}")
write_basic_package_version_file(gansweep-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/gansweep-config.cmake" "${CMAKE_CURRENT_BINARY_DIR}/gansweep-config-version.cmake"
  cmake/FindLibYAML.cmake cmake/FindSeccomp.cmake cmake/FindStaticLAPACKE.cmake DESTINATION "${package_folder}")

# pkg-config gansweep: files by their full path, as CMake found them, so that both ways link with the same archives.
get_target_property(linked_with StaticLAPACKE::StaticLAPACKE INTERFACE_LINK_LIBRARIES)
list(REMOVE_ITEM linked_with m)
foreach(target hdf5::hdf5_hl hdf5::hdf5 GSL::gsl GSL::gslcblas LibYAML::LibYAML Seccomp::Seccomp)
  list(APPEND linked_with $<TARGET_LINKER_FILE:${target}>)
endforeach()
list(APPEND linked_with ${OpenMP_C_LIBRARIES} -lm)
list(JOIN linked_with " " GANSWEEP_LINKED_WITH)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" OUTPUT_VARIABLE GANSWEEP_PREFIX)
configure_file(cmake/gansweep.pc.in gansweep.pc.named @ONLY)
file(GENERATE OUTPUT gansweep.pc INPUT "${CMAKE_CURRENT_BINARY_DIR}/gansweep.pc.named")
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/gansweep.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
