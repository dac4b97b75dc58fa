//! The variables that each language's compilers go by, and what those start: see [`crate::languages::variables`].
//!
//! A compiler that is not given a variable cannot depend on it; so a name that is missing here is a feature that does not work,
//! never a stale program. A script adds names of its own by `env` in its metadata.

/// Of C compilers, the linkers behind them and pkg-config.
pub(super) const C: &[&str] = &[
    "CC",
    "CXX",
    "CFLAGS",
    "CXXFLAGS",
    "CPPFLAGS",
    "LDFLAGS",
    "LDLIBS",
    "CPATH",
    "C_INCLUDE_PATH",
    "CPLUS_INCLUDE_PATH",
    "OBJC_INCLUDE_PATH",
    "LIBRARY_PATH",
    "LD_RUN_PATH",
    "COMPILER_PATH",
    "GCC_EXEC_PREFIX",
    "GCC_COLORS",
    "GCC_SPECS",
    "GCC_COMPARE_DEBUG",
    "COLLECT_NO_DEMANGLE",
    "CCC_OVERRIDE_OPTIONS",
    "ZERO_AR_DATE",
    "LDEMULATION",
    "GNUTARGET",
    "PKG_CONFIG",
    "PKG_CONFIG_PATH",
    "PKG_CONFIG_LIBDIR",
    "PKG_CONFIG_SYSROOT_DIR",
    "PKG_CONFIG_SYSTEM_INCLUDE_PATH",
    "PKG_CONFIG_SYSTEM_LIBRARY_PATH",
    "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS",
    "PKG_CONFIG_ALLOW_SYSTEM_LIBS",
    "PKG_CONFIG_TOP_BUILD_DIR",
    "NIX_CFLAGS_COMPILE",
    "NIX_LDFLAGS",
];

/// What a compiler hands to the C compiler that it links with, besides names of its own.
macro_rules! with_c {
    ($($name:literal),* $(,)?) => {
        &[
            "CC", "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "LD_RUN_PATH", "COMPILER_PATH",
            "GCC_EXEC_PREFIX", "CCC_OVERRIDE_OPTIONS", "PKG_CONFIG", "PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR",
            "PKG_CONFIG_SYSROOT_DIR", "NIX_CFLAGS_COMPILE", "NIX_LDFLAGS", $($name),*
        ]
    };
}

/// Those of `go help environment` that shape a program, and where the go command keeps things.
pub(super) const GO: &[&str] = with_c![
    "CXX",
    "FC",
    "AR",
    "GCCGO",
    "SWIG",
    "CGO_ENABLED",
    "CGO_CFLAGS",
    "CGO_CFLAGS_ALLOW",
    "CGO_CFLAGS_DISALLOW",
    "CGO_CPPFLAGS",
    "CGO_CPPFLAGS_ALLOW",
    "CGO_CPPFLAGS_DISALLOW",
    "CGO_CXXFLAGS",
    "CGO_CXXFLAGS_ALLOW",
    "CGO_CXXFLAGS_DISALLOW",
    "CGO_FFLAGS",
    "CGO_FFLAGS_ALLOW",
    "CGO_FFLAGS_DISALLOW",
    "CGO_LDFLAGS",
    "CGO_LDFLAGS_ALLOW",
    "CGO_LDFLAGS_DISALLOW",
    "GO111MODULE",
    "GOFLAGS",
    "GOROOT",
    "GOPATH",
    "GOENV",
    "GOWORK",
    "GOTOOLCHAIN",
    "GOEXPERIMENT",
    "GOFIPS140",
    "GOAMD64",
    "GOARM",
    "GOARM64",
    "GO386",
    "GOMIPS",
    "GOMIPS64",
    "GOPPC64",
    "GORISCV64",
    "GOWASM",
    "GOMODCACHE",
    "GOCACHE",
    "GOCACHEPROG",
    "GOPROXY",
    "GONOPROXY",
    "GONOSUMDB",
    "GOSUMDB",
    "GOPRIVATE",
    "GOINSECURE",
    "GOVCS",
    "GOAUTH",
    "GODEBUG",
    "GO_EXTLINK_ENABLED",
    "GOTMPDIR",
    "GOGC",
    "GOMAXPROCS",
    "NETRC",
    "GIT_CONFIG_GLOBAL",
    "GIT_SSH_COMMAND",
    "SSH_AUTH_SOCK",
];

/// Of Zig.
pub(super) const ZIG: &[&str] = with_c![
    "ZIG_LIB_DIR",
    "ZIG_LIBC",
    "ZIG_GLOBAL_CACHE_DIR",
    "ZIG_LOCAL_CACHE_DIR",
    "ZIG_BUILD_RUNNER",
    "ZIG_IS_DETECTING_LIBC_PATHS",
    "ZIG_VERBOSE_CC",
    "ZIG_VERBOSE_LINK",
    "NATIVE_PAIR",
    "CLICOLOR_FORCE",
];

/// Of Nim and nimble.
pub(super) const NIM: &[&str] =
    with_c!["NIM_LIB_PREFIX", "NIMBLE_DIR", "NIMBLEPATH", "NIM_CONFIG_PATH", "NIM", "NIMCACHE"];

/// Of the D compilers.
pub(super) const D: &[&str] =
    with_c!["DFLAGS", "DMD", "LDC_VSDIR", "LINKCMD", "DC", "DDOCFILE", "D_IMPORT_PATH"];

/// Of OCaml, ocamlfind and opam.
pub(super) const OCAML: &[&str] = with_c![
    "OCAMLPARAM",
    "OCAMLLIB",
    "CAMLLIB",
    "OCAMLPATH",
    "OCAMLFIND_CONF",
    "OCAMLFIND_TOOLCHAIN",
    "OCAMLFIND_IGNORE_DUPS_IN",
    "OCAMLRUNPARAM",
    "CAMLRUNPARAM",
    "OCAML_COLOR",
    "OCAML_ERROR_STYLE",
    "OCAML_FLEXLINK",
    "CAML_LD_LIBRARY_PATH",
    "OPAMROOT",
    "OPAMSWITCH",
    "OPAM_SWITCH_PREFIX",
    "OCAML_TOPLEVEL_PATH",
    "BUILD_PATH_PREFIX_MAP",
    "CAMLSIGPIPE",
];

/// Of gfortran.
pub(super) const FORTRAN: &[&str] = with_c!["FC", "FFLAGS", "GFORTRAN_CONVERT_UNIT", "GCC_SPECS"];

/// Of GHC.
pub(super) const HASKELL: &[&str] = with_c![
    "GHC_PACKAGE_PATH",
    "GHC_ENVIRONMENT",
    "GHCRTS",
    "GHC_CHARENC",
    "GHC_NO_UNICODE",
    "GHCUP_INSTALL_BASE_PREFIX",
    "GHCUP_USE_XDG_DIRS",
    "HASKELL_DIST_DIR",
    "CABAL_DIR",
    "CABAL_CONFIG",
    "STACK_ROOT",
    "NIX_GHC",
    "NIX_GHC_LIBDIR",
];
