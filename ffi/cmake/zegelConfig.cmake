# find_package(zegel): the targets zegel::static and zegel::shared.
get_filename_component(_zegel_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
find_package(Threads REQUIRED)

if(NOT TARGET zegel::static)
  add_library(zegel::static STATIC IMPORTED)
  set_target_properties(zegel::static PROPERTIES
    IMPORTED_LOCATION "${_zegel_prefix}/lib/libzegel.a"
    INTERFACE_INCLUDE_DIRECTORIES "${_zegel_prefix}/include"
    INTERFACE_LINK_LIBRARIES "Threads::Threads;${CMAKE_DL_LIBS};m")

  add_library(zegel::shared SHARED IMPORTED)
  set_target_properties(zegel::shared PROPERTIES
    IMPORTED_LOCATION "${_zegel_prefix}/lib/libzegel.so.0"
    IMPORTED_SONAME "libzegel.so.0"
    INTERFACE_INCLUDE_DIRECTORIES "${_zegel_prefix}/include")
endif()
