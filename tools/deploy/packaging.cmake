# What `cmake --install` puts where, and the Debian packages that `cpack` makes of it: tandem, tandem-dev, tandem-chat.

# --- tandem: the program, its manual, units -------------------------------------------------------------------------
set(deploy ${PROJECT_SOURCE_DIR}/tools/deploy)
install(TARGETS tandem RUNTIME COMPONENT tandem)
# The manual and completions come from the program itself, so they cannot lag behind it.
set(generated ${PROJECT_BINARY_DIR}/packaging)
install(CODE "execute_process(COMMAND ${deploy}/generate-files $<TARGET_FILE:tandem> ${generated}
    COMMAND_ERROR_IS_FATAL ANY)" COMPONENT tandem)
install(DIRECTORY ${generated}/share/ DESTINATION ${CMAKE_INSTALL_DATADIR} COMPONENT tandem)
# Units and their configuration name /usr/bin and /etc, so they go along with prefix /usr (or FOLDER/usr) alone.
install(CODE "
    if(CMAKE_INSTALL_PREFIX MATCHES \"^(.*)/usr/?$\")
        file(INSTALL ${deploy}/systemd/tandem.service ${deploy}/systemd/tandem-connect.service
            DESTINATION \"\${CMAKE_MATCH_1}/lib/systemd/system\")
        file(INSTALL ${deploy}/debian/tandem.toml ${deploy}/debian/tandem.env ${deploy}/debian/connect.env
            DESTINATION \"\${CMAKE_MATCH_1}/etc/tandem\")
    endif()" COMPONENT tandem)
foreach(component tandem tandem-dev tandem-chat)
    install(FILES ${deploy}/debian/copyright ${deploy}/debian/changelog
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${component} COMPONENT ${component})
endforeach()

# --- tandem-dev: codecs and io for programs of others: find_package(tandem), tandem::codecs, tandem::io -----------------
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/tandem)
set_target_properties(tandem_codecs PROPERTIES EXPORT_NAME codecs)
set_target_properties(tandem_io PROPERTIES EXPORT_NAME io)
target_compile_features(tandem_codecs PUBLIC cxx_std_20)
install(TARGETS tandem_flags tandem_libpq tandem_librdkafka tandem_codecs tandem_io EXPORT tandem
    ARCHIVE COMPONENT tandem-dev)
install(EXPORT tandem NAMESPACE tandem:: FILE tandemTargets.cmake DESTINATION ${package_folder} COMPONENT tandem-dev)
install(DIRECTORY codecs io DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tandem COMPONENT tandem-dev
    FILES_MATCHING PATTERN *.hpp)
include(CMakePackageConfigHelpers)
configure_package_config_file(${deploy}/tandemConfig.cmake.in ${PROJECT_BINARY_DIR}/tandemConfig.cmake
    INSTALL_DESTINATION ${package_folder})
# Before 1.0 nothing is promised from one minor version to the next.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tandemConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/tandemConfig.cmake ${PROJECT_BINARY_DIR}/tandemConfigVersion.cmake
    DESTINATION ${package_folder} COMPONENT tandem-dev)

# --- tandem-chat: the demo --------------------------------------------------------------------------------------------
install(TARGETS tandem-chat RUNTIME COMPONENT tandem-chat)
install(CODE "execute_process(COMMAND ${deploy}/generate-files $<TARGET_FILE:tandem-chat> ${generated}-chat
    COMMAND_ERROR_IS_FATAL ANY)" COMPONENT tandem-chat)
install(DIRECTORY ${generated}-chat/share/ DESTINATION ${CMAKE_INSTALL_DATADIR} COMPONENT tandem-chat)

# --- packages -----------------------------------------------------------------------------------------------------------
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_VENDOR "tandem")
set(CPACK_PACKAGE_CONTACT "the tandem authors <tandem@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL tandem tandem-dev tandem-chat)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_TANDEM_PACKAGE_NAME tandem)
set(CPACK_COMPONENT_TANDEM_DESCRIPTION "keeps two PostgreSQL masters the same, both ways
Every transaction committed on one takes effect exactly once on the other,
in both directions, directly or through Kafka, with no extension in the
databases. Also runs Debezium's PostgreSQL source and JDBC sinks behind
Kafka Connect's REST interface, without a JVM.")
set(CPACK_DEBIAN_TANDEM_PACKAGE_CONTROL_EXTRA
    "${deploy}/debian/conffiles;${deploy}/debian/postinst;${deploy}/debian/prerm;${deploy}/debian/postrm")
set(CPACK_DEBIAN_TANDEM_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_TANDEM-DEV_PACKAGE_NAME tandem-dev)
set(CPACK_DEBIAN_TANDEM-DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_TANDEM-DEV_PACKAGE_DEPENDS
    "libboost1.81-dev, libfmt-dev, libsimdjson-dev, libpq-dev, librdkafka-dev, libssl-dev")
set(CPACK_COMPONENT_TANDEM-DEV_DESCRIPTION "tandem's parsers and asynchronous clients, for other programs
pgoutput, Debezium's events and PostgreSQL's values as C++20 views; libpq and
librdkafka as coroutines of Boost.Asio. Static libraries, headers, and
find_package(tandem).")
set(CPACK_DEBIAN_TANDEM-CHAT_PACKAGE_NAME tandem-chat)
set(CPACK_COMPONENT_TANDEM-CHAT_DESCRIPTION "chat service with a database of its own, tandem's demo
Two of them, on two masters that tandem keeps the same, show each other's
messages.")
include(CPack)
