//! The table of built-in languages, and looking them up by name, extension or program.

mod row_variables;

use crate::base::error::{Error, Result, Step};
use crate::languages::language::{CFamily, Compilers, Language, Report, Template};
use crate::languages::table::row_variables::{C, D, FORTRAN, GO, HASKELL, NIM, OCAML, ZIG};

/// The language of this name, alias or extension.
pub(crate) fn named(name: &str) -> Option<&'static Language> {
    let lower = name.to_ascii_lowercase();
    let is_name = |language: &&Language| language.name == lower || language.aliases.contains(&&*lower);
    LANGUAGES.iter().find(is_name).or_else(|| of_extension(name))
}

/// The language of files with this extension.
pub(crate) fn of_extension(extension: &str) -> Option<&'static Language> {
    LANGUAGES.iter().find(|language| language.extensions.contains(&extension))
}

/// The language that this program compiles or runs, whatever version its name may end in.
pub(crate) fn of_program(program: &str) -> Option<&'static Language> {
    LANGUAGES.iter().find(|language| language.is_started_by(program))
}

/// The language that `--lang` or metadata names; `None` is Rust.
///
/// # Errors
/// [`Step::Arguments`] if there is no such language.
pub(crate) fn requested(name: &str) -> Result<Option<&'static Language>> {
    if matches!(name.to_ascii_lowercase().as_str(), "rust" | "rs") {
        return Ok(None);
    }
    named(name).map(Some).ok_or_else(|| {
        let compiled = LANGUAGES.iter().filter(|language| language.is_compiled());
        let names: Vec<&str> = compiled.map(|language| language.name).collect();
        let text = format!("unknown language `{}`", name.escape_debug());
        Error::message(Step::Arguments, text).hint(format!("supported: rust, {}", names.join(", ")))
    })
}

pub(crate) static LANGUAGES: &[Language] = &[
    Language {
        name: "c",
        display_name: "C",
        aliases: &[],
        extensions: &["c", "h"],
        programs: &["tcc", "gcc", "cc", "clang", "c", "crun", "c99", "c11", "icx"],
        code_prefixes: &["#include", "#define", "#ifdef", "#ifndef", "#pragma", "int main(", "typedef "],
        line_comment: "//",
        formatter: &["clang-format", "--assume-filename={name}"],
        variables: C,
        compilers: Compilers::CFamily(CFamily::C),
    },
    Language {
        name: "c++",
        display_name: "C++",
        aliases: &["cpp", "cxx", "cplusplus"],
        extensions: &["cc", "cpp", "cxx", "c++", "hpp", "C"],
        programs: &["g++", "c++", "clang++", "cling", "icpx"],
        code_prefixes: &["using namespace ", "import std;"],
        line_comment: "//",
        formatter: &["clang-format", "--assume-filename={name}"],
        variables: C,
        compilers: Compilers::CFamily(CFamily::Cpp),
    },
    Language {
        name: "go",
        display_name: "Go",
        aliases: &["golang"],
        extensions: &["go"],
        programs: &["gorun", "go", "yaegi", "gosh"],
        code_prefixes: &["package "],
        line_comment: "//",
        formatter: &["gofmt"],
        variables: GO,
        compilers: Compilers::Go,
    },
    Language {
        name: "zig",
        display_name: "Zig",
        aliases: &[],
        extensions: &["zig"],
        programs: &["zig"],
        code_prefixes: &["const std = @"],
        line_comment: "//",
        formatter: &["zig", "fmt", "--stdin"],
        variables: ZIG,
        compilers: Compilers::Templates(&[Template {
            program: "zig",
            version: &["version"],
            // The library that is compiled along is kept in its own cache.
            arguments: &[
                "build-exe",
                "{flags}",
                "-femit-bin={output}",
                "--cache-dir",
                "{staging}/cache",
                "{source}",
            ],
            // With the checks of the mode that `zig run` has.
            release: &["-O", "ReleaseSafe"],
            dev: &["-O", "Debug"],
            quick: &["-O", "Debug"],
            static_flags: Some(&[]),
            strip_flags: &["-fstrip"],
            extensions: &[".zig"],
            takes_shebang: false,
            runs_in_script_directory: true,
            line_marker: None,
            report: Report::Words(
                &["@import", "@embedFile", "@cImport"],
                &["@import(\"std\")", "@import(\"builtin\")"],
            ),
            subcommands: &["run", "build-exe"],
            install: "install Zig, for example from https://ziglang.org/download",
        }]),
    },
    Language {
        name: "nim",
        display_name: "Nim",
        aliases: &[],
        extensions: &["nim"],
        programs: &["nim"],
        code_prefixes: &[],
        line_comment: "#",
        formatter: &[],
        variables: NIM,
        compilers: Compilers::Templates(&[Template {
            program: "nim",
            version: &["--version"],
            arguments: &[
                "compile",
                "--hints:off",
                "--nimcache:{staging}/cache",
                "{flags}",
                "--out:{output}",
                "{source}",
            ],
            release: &["--define:release"],
            dev: &["--debugger:native"],
            // Release decides about checks and traces, not only about speed.
            quick: &["--define:release", "--opt:none"],
            static_flags: Some(&["--passL:-static"]),
            strip_flags: &["--passL:-s"],
            extensions: &[".nim"],
            takes_shebang: true,
            runs_in_script_directory: true,
            line_marker: None,
            report: Report::Words(&["import", "include", "static", "{.", "from"], &[]),
            subcommands: &["r", "c", "run", "compile"],
            install: "install Nim, for example `apt-get install nim`",
        }]),
    },
    Language {
        name: "d",
        display_name: "D",
        aliases: &["dlang"],
        extensions: &["d"],
        programs: &["rdmd", "dmd", "ldc2", "ldmd2", "gdc", "dub"],
        code_prefixes: &["import std."],
        line_comment: "//",
        formatter: &["dfmt"],
        variables: D,
        compilers: Compilers::Templates(&[
            Template {
                program: "ldc2",
                version: &["--version"],
                arguments: &[
                    "-i",
                    "{flags}",
                    "-makedeps={read}",
                    "-od={staging}",
                    "-of={output}",
                    "{source}",
                ],
                release: &["-O2"],
                dev: &["-g"],
                quick: &[],
                static_flags: Some(&["-static"]),
                strip_flags: &["-L=-s"],
                ..DMD
            },
            Template {
                program: "dmd",
                version: &["--version"],
                arguments: &[
                    "-i",
                    "{flags}",
                    "-makedeps={read}",
                    "-od={staging}",
                    "-of={output}",
                    "{source}",
                ],
                release: &["-O", "-inline"],
                dev: &["-g"],
                quick: &[],
                static_flags: None,
                strip_flags: &["-L=-s"],
                ..DMD
            },
            Template {
                program: "gdc",
                version: &["--version"],
                arguments: &["{flags}", "-MD", "-MF", "{read}", "-o", "{output}", "{source}"],
                release: &["-O2"],
                dev: &["-g", "-O0"],
                quick: &["-O0"],
                static_flags: Some(&["-static"]),
                strip_flags: &["-s"],
                ..DMD
            },
        ]),
    },
    Language {
        name: "odin",
        display_name: "Odin",
        aliases: &[],
        extensions: &["odin"],
        programs: &["odin"],
        code_prefixes: &[],
        line_comment: "//",
        formatter: &[],
        variables: &["ODIN_ROOT"],
        compilers: Compilers::Templates(&[Template {
            program: "odin",
            version: &["version"],
            arguments: &[
                "build",
                "{source}",
                "-file",
                "{flags}",
                "-out:{output}",
                "-export-dependencies:make",
                "-export-dependencies-file:{read}",
            ],
            release: &["-o:speed"],
            dev: &["-debug"],
            quick: &["-o:none"],
            static_flags: None,
            strip_flags: &[],
            extensions: &[".odin"],
            takes_shebang: true,
            runs_in_script_directory: true,
            line_marker: None,
            report: Report::Depfile,
            subcommands: &["run", "build"],
            install: "install Odin from https://odin-lang.org",
        }]),
    },
    Language {
        name: "swift",
        display_name: "Swift",
        aliases: &[],
        extensions: &["swift"],
        programs: &["swift", "swiftc"],
        code_prefixes: &["import Foundation", "import Swift"],
        line_comment: "//",
        formatter: &["swift-format", "format"],
        variables: &["SWIFT_EXEC", "TOOLCHAINS"],
        compilers: Compilers::Templates(&[Template {
            program: "swiftc",
            version: &["--version"],
            arguments: &["{flags}", "{source}", "-o", "{output}"],
            release: &["-O"],
            dev: &["-g", "-Onone"],
            quick: &["-Onone"],
            static_flags: Some(&["-static-stdlib"]),
            strip_flags: &["-Xlinker", "-s"],
            extensions: &[".swift"],
            takes_shebang: true,
            runs_in_script_directory: false,
            line_marker: None,
            report: Report::Words(&["canImport", "import"], &["import Foundation", "import Swift"]),
            subcommands: &[],
            install: "install Swift from https://swift.org/install",
        }]),
    },
    Language {
        name: "ocaml",
        display_name: "OCaml",
        aliases: &["ml"],
        extensions: &["ml"],
        programs: &["ocaml", "ocamlopt", "ocamlrun"],
        code_prefixes: &["let () ="],
        line_comment: "",
        formatter: &["ocamlformat", "--impl", "-"],
        variables: OCAML,
        compilers: Compilers::Templates(&[Template {
            program: "ocamlopt",
            version: &["-version"],
            arguments: &["{flags}", "-o", "{output}", "{source}"],
            release: &["-O3"],
            dev: &["-g"],
            quick: &[],
            static_flags: Some(&["-ccopt", "-static"]),
            strip_flags: &["-ccopt", "-s"],
            extensions: &[".ml"],
            takes_shebang: true,
            runs_in_script_directory: false,
            // It puts its intermediate files beside the source.
            line_marker: Some("# 1 \"{}\""),
            report: Report::Words(&[], &[]),
            subcommands: &[],
            install: "install OCaml, for example `apt-get install ocaml-nox`",
        }]),
    },
    Language {
        name: "fortran",
        display_name: "Fortran",
        aliases: &[],
        extensions: &["f90", "f95", "f03", "f08", "f", "for", "F90", "F"],
        programs: &["gfortran"],
        code_prefixes: &["program ", "PROGRAM "],
        line_comment: "!",
        formatter: &["fprettify", "-"],
        variables: FORTRAN,
        compilers: Compilers::Templates(&[Template {
            program: "gfortran",
            version: &["--version"],
            arguments: &["{flags}", "{source}", "-o", "{output}"],
            release: &["-O2"],
            dev: &["-g", "-O0"],
            quick: &["-O0"],
            static_flags: Some(&["-static"]),
            strip_flags: &["-s"],
            extensions: &[".f90", ".f95", ".f03", ".f08", ".f", ".for", ".F90", ".F"],
            takes_shebang: false,
            // Modules that lie about somewhere are no part of a single file.
            runs_in_script_directory: false,
            line_marker: None,
            report: Report::Words(&["include", "INCLUDE", "use ", "USE "], &[]),
            subcommands: &[],
            install: "install a Fortran compiler, for example `apt-get install gfortran`",
        }]),
    },
    Language {
        name: "haskell",
        display_name: "Haskell",
        aliases: &["hs"],
        extensions: &["hs"],
        programs: &["runghc", "runhaskell", "ghc"],
        code_prefixes: &["module Main", "main :: IO"],
        line_comment: "--",
        formatter: &["ormolu", "--stdin-input-file", "{name}"],
        variables: HASKELL,
        compilers: Compilers::Templates(&[Template {
            program: "ghc",
            version: &["--version"],
            arguments: &["-v0", "{flags}", "-outputdir", "{staging}/objects", "-o", "{output}", "{source}"],
            release: &["-O1"],
            dev: &["-g"],
            quick: &["-O0"],
            static_flags: Some(&["-optl-static"]),
            strip_flags: &["-optl-s"],
            extensions: &[".hs"],
            takes_shebang: true,
            runs_in_script_directory: true,
            line_marker: None,
            report: Report::Words(&["import", "LANGUAGE"], &[]),
            subcommands: &[],
            install: "install GHC, for example from https://www.haskell.org/ghcup",
        }]),
    },
    interpreted("python", "Python", &["py"], &["python", "python3"], "python3"),
    interpreted("shell", "shell", &["sh", "bash"], &[], "sh"),
    interpreted("javascript", "JavaScript", &["js", "mjs"], &["node", "deno"], "node"),
    interpreted("typescript", "TypeScript", &["ts"], &[], "deno run"),
    interpreted("ruby", "Ruby", &["rb"], &["ruby"], "ruby"),
    interpreted("perl", "Perl", &["pl"], &["perl"], "perl"),
];

/// Rust whose scriptisto header has its own build command.
pub(super) static RUST: Language = Language {
    name: "rust",
    display_name: "Rust",
    aliases: &[],
    extensions: &["rs"],
    programs: &[],
    code_prefixes: &[],
    line_comment: "//",
    formatter: &[],
    variables: &[],
    compilers: Compilers::Templates(&[]),
};

/// An unknown language, likewise.
pub(super) static OTHER: Language = Language {
    name: "other",
    display_name: "foreign",
    aliases: &[],
    extensions: &[],
    programs: &[],
    code_prefixes: &[],
    line_comment: "",
    formatter: &[],
    variables: &[],
    compilers: Compilers::Templates(&[]),
};

/// Every variable that some language goes by, for a build command that may start any compiler.
pub(super) fn all_variables() -> impl Iterator<Item = &'static str> {
    LANGUAGES.iter().flat_map(|language| language.variables.iter().copied())
}

/// The common fields of the D compilers.
const DMD: Template = Template {
    program: "dmd",
    version: &[],
    arguments: &[],
    release: &[],
    dev: &[],
    quick: &[],
    static_flags: None,
    strip_flags: &["-L=-s"],
    extensions: &[".d"],
    takes_shebang: true,
    runs_in_script_directory: true,
    line_marker: None,
    report: Report::Depfile,
    subcommands: &[],
    install: "install a D compiler, for example `apt-get install ldc`",
};

const fn interpreted(
    name: &'static str,
    display_name: &'static str,
    extensions: &'static [&'static str],
    programs: &'static [&'static str],
    runs: &'static str,
) -> Language {
    Language {
        name,
        display_name,
        aliases: &[],
        extensions,
        programs,
        code_prefixes: &[],
        line_comment: "#",
        formatter: &[],
        variables: &[],
        compilers: Compilers::Interpreter(runs),
    }
}
