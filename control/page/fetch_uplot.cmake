# Fetches what package-lock.json names: cmake -DFOLDER=… -DOUTPUT=… [-DUPLOT=…] -P fetch_uplot.cmake
#
# Without npm or a network the build goes on, and the page says that it has no plots. UPLOT: the package's folder, of a
# machine that had them.
set(PACKAGE "${UPLOT}")
if(NOT PACKAGE)
  set(WORK ${OUTPUT}/npm)
  file(MAKE_DIRECTORY ${WORK})
  file(COPY ${FOLDER}/package.json ${FOLDER}/package-lock.json DESTINATION ${WORK})
  find_program(NPM npm)
  if(NPM)
    execute_process(
      COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-timeout=20000
      WORKING_DIRECTORY ${WORK} TIMEOUT 60 OUTPUT_QUIET ERROR_QUIET RESULT_VARIABLE FAILED)
  endif()
  if(NPM AND FAILED STREQUAL "0")
    set(PACKAGE ${WORK}/node_modules/uplot)
  endif()
endif()
if(NOT EXISTS ${PACKAGE}/dist/uPlot.iife.min.js)
  message("control/page: npm cannot fetch uPlot, so the status page will have no plots; remove ${OUTPUT} to try again")
  file(WRITE ${OUTPUT}/uplot.js "export default null;\n")
  file(WRITE ${OUTPUT}/uplot.css "\n")
  return()
endif()
file(READ ${PACKAGE}/LICENSE LICENCE)
file(READ ${PACKAGE}/dist/uPlot.iife.min.js SCRIPT)
file(READ ${PACKAGE}/dist/uPlot.min.css STYLE)
file(WRITE ${OUTPUT}/uplot.js "/*\n${LICENCE}*/\n${SCRIPT}\nexport default uPlot;\n")
file(WRITE ${OUTPUT}/uplot.css "/*\n${LICENCE}*/\n${STYLE}\n")
