# Settings that all of Assay's code shares, and the one way to add a folder.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

set(ASSAY_SANITIZE "" CACHE STRING "a value for -fsanitize=, or nothing")

find_program(CCACHE ccache)
if(CCACHE)
  # Paths below the tree are taken as relative, so that a second clone or work
  # tree with the same layout finds what the first one compiled.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

add_library(assay_flags INTERFACE)
target_compile_options(assay_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
                                             -Wnon-virtual-dtor -Werror)
if(ASSAY_SANITIZE)
  # add_compile_options, so that sources outside our libraries agree.
  add_compile_options(-fsanitize=${ASSAY_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${ASSAY_SANITIZE})
endif()

if(ASSAY_FUZZ)  # tests/fuzz
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()

# assay_library(NAME [LINKS TARGET...] [SYSTEM TARGET...])
# The folder at hand as a static library: every .cpp in it and in those of its
# folders that are no library themselves. LINKS are
# Assay's own libraries: the arrows of docs/ARCHITECTURE.md, which
# tests/unit/includes checks against the #include lines. SYSTEM are packages.
# Headers are included as "folder/file.hpp".
function(assay_library name)
  cmake_parse_arguments(ARG "" "" "LINKS;SYSTEM" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  file(GLOB folders LIST_DIRECTORIES true CONFIGURE_DEPENDS *)
  foreach(folder ${folders})
    if(IS_DIRECTORY ${folder} AND NOT EXISTS ${folder}/CMakeLists.txt)
      file(GLOB more CONFIGURE_DEPENDS ${folder}/*.cpp)
      list(APPEND sources ${more})
    endif()
  endforeach()
  list(FILTER sources EXCLUDE REGEX "(^|/)main\\.cpp$")
  cmake_path(GET CMAKE_CURRENT_SOURCE_DIR PARENT_PATH include_root)
  if(sources)
    add_library(${name} STATIC ${sources})
    target_include_directories(${name} PUBLIC ${include_root})
    target_link_libraries(${name} PUBLIC ${ARG_LINKS} ${ARG_SYSTEM} PRIVATE assay_flags)
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${include_root})
    target_link_libraries(${name} INTERFACE ${ARG_LINKS} ${ARG_SYSTEM})
  endif()
endfunction()

# Every program and nothing else: what ./dev build and ./dev demo make.
add_custom_target(programs)

# assay_program(NAME SOURCE LINKS TARGET...): a short main over libraries.
function(assay_program name source)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} assay_flags)
  add_dependencies(programs ${name})
endfunction()

# assay_test(NAME LINKS TARGET...): every .cpp of the folder as one GoogleTest
# program, each TEST its own ctest case.
function(assay_test name)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} GTest::gtest_main GTest::gmock rapidcheck
                                        rapidcheck_gtest assay_flags)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST
                       WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} PROPERTIES TIMEOUT 120)
endfunction()
