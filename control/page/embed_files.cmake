# Makes a source file with the content of others: cmake -DOUTPUT=… -DFOLDER=… -DPACKAGES=… -P embed_files.cmake
set(TYPES_html "text/html; charset=utf-8")
set(TYPES_css "text/css; charset=utf-8")
set(TYPES_js "text/javascript; charset=utf-8")
set(TYPES_svg "image/svg+xml")
set(ROWS "")
file(GLOB FILES LIST_DIRECTORIES false ${FOLDER}/*.html ${FOLDER}/*.css ${FOLDER}/*.js ${FOLDER}/*.svg ${PACKAGES}/*.js ${PACKAGES}/*.css)
foreach(file ${FILES})
  get_filename_component(name ${file} NAME)
  get_filename_component(extension ${file} LAST_EXT)
  string(SUBSTRING "${extension}" 1 -1 extension)
  set(path "/page/${name}")
  if(name STREQUAL "index.html")
    set(path "/")
  endif()
  file(SHA256 ${file} digest)
  string(SUBSTRING ${digest} 0 32 digest)
  file(READ ${file} content)
  string(APPEND ROWS "    {\"${path}\", \"${TYPES_${extension}}\", \"\\\"${digest}\\\"\",\n     R\"sluis-page(${content})sluis-page\"},\n")
endforeach()
set(SOURCE "// Made by control/page/embed_files.cmake.
#include \"control/page/page_routes.h\"

namespace sluis {
namespace {

constexpr PageFile kFiles[]{
${ROWS}};

}  // namespace

std::span<const PageFile> page_files() { return kFiles; }

}  // namespace sluis
")
file(WRITE ${OUTPUT} "${SOURCE}")
