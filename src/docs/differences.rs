//! The differences from other tools: where a script written for one of them does not get exactly the same,
//! and why.
//!
//! A script written for another tool runs here with the same output, exit code, paths and lines. What follows are the
//! exceptions, each on purpose. What is not in these tables and differs is a bug.
//!
//! # From `cargo -Zscript`
//!
//! | what | cargo | here | why |
//! | --- | --- | --- | --- |
//! | profile | `dev` | `release`, unless it or its first line says otherwise | a script is compiled once and runs often |
//! | toolchain | nightly only | the one of its `+T` if that is installed, else the default one, with a note | frontmatter compiles on stable |
//! | `+nightly` not installed | an error | the default toolchain; an error only if it has a `#![feature]` that is not stable there | it runs |
//! | `#![feature]` of what is stable by now, without nightly | an error | a warning | it needs no nightly |
//! | toolchain of the working directory | decides | has no say | a script is the same program wherever it is called from |
//! | `.cargo/config.toml` | from the script's directory upwards | of the user and of the root only | likewise |
//! | edition not given | a warning at each build | none; `runner check` says it | silence |
//! | frontmatter behind a BOM | not seen by 1.97 | seen | rustc sees it |
//! | an indented `---` | code, and then rustc's error | an error that says so | it was meant as a fence |
//! | closing fence with too few dashes | counts one too few when more than one is missing | counts all | |
//! | `#!` + comment + `[` | a shebang | an attribute | rustc decides what it compiles |
//! | frontmatter below a comment, backticks for dashes | rustc's error | an error with a hint; `runner migrate` writes dashes for backticks | |
//! | places of errors in the frontmatter's grammar | the end of the file, sometimes | the fence | |
//! | unused manifest keys | silence | a note, on a terminal and when the build fails | dependencies misspelt as `dependancies` are lost otherwise |
//! | `[runner]` at the top level | silence | an error that names `[package.metadata.runner]` | what it says would be lost |
//! | `target.*.runner` for this machine | runs the program under it | no say; `--exec` does so | a cached run reads no configuration |
//! | `edition` at the top level | ignored | taken, with a note | it can mean nothing else |
//! | `dev-dependencies` | resolved always | resolved for `runner test` and `bench` | a run does not wait for them |
//! | extensions | `.rs` or none | any that is no other language's | |
//! | no `main` | an error | wrapped | as in rust-script |
//! | build failure | 101 | 125 | the script's own 101 is a panic |
//! | `CARGO_TARGET_DIR`, `build.target-dir` | where the binary goes | no say | they are another project's |
//! | dependencies in panic messages | where they lie below cargo's home | `regex-1.11.1/src/…`, where there is no debug information | what is run and what is handed on share them, and hold no path of this machine |
//! | lock file | in cargo's cache | in runner's, or `SCRIPT.lock` | it goes where the script goes |
//!
//! # From rust-script (and cargo-script, cargo-eval, run-cargo-script)
//!
//! | what | rust-script 0.36 | here | why |
//! | --- | --- | --- | --- |
//! | a change of `env!`, `mod`, `include_*!`, path dependencies | not seen: the old binary runs | compiled anew | never stale |
//! | a comment above the manifest | the dependencies are dropped silently | read, with a note | it was meant |
//! | `/** */`, ragged or tabbed comments | not read | read | likewise |
//! | frontmatter | not read | read | it is cargo's form |
//! | commas within a short form's values | split there | understood | |
//! | a version without quotes | cargo's error about a file nobody has seen | an error with the line that should be written | |
//! | `#! [x]` | a shebang | an attribute, as in rustc | |
//! | whether there is a `main` | a regular expression, fooled by comments, strings and tabs | Rust is read | |
//! | the wrapper of scripts without `main` | a file elsewhere: other paths, other lines | in place | messages, `mod` and `include_*!` are the script's own |
//! | columns of line 1, if code stands on it | right | right in the compiler's messages; `column!()` and panics count the opening of `main` | it must stand before the code, and a line more would move all lines |
//! | name of the package | `CARGO_PKG_NAME` in lower case | as cargo makes it of the file's name | one name for one file; `RUST_SCRIPT_PKG_NAME` is rust-script's |
//! | `CARGO_BIN_NAME`, which `clap` shows in `--version` | with 24 digits behind it | the name | the digits mean nothing to anybody |
//! | `RUST_SCRIPT_PATH` through a link | the link | the file | the same program by all its names |
//! | `strip = true` in release | by default | debug information only | panics keep their names |
//! | `rust-toolchain.toml`, `.cargo/config.toml` beside it | ignored | ignored | |
//! | `-c` | cargo's output | what runner does, and the compiler's warnings | cargo has no part in a script without dependencies |
//! | `-x` on runner's own command line | `--extern` | not an option | in Go and sh it prints commands; called as `rust-script` it is `--extern` |
//! | `-t`/`--template`, `--features` of cargo-script | templates, features | an error | |
//! | edition of a script for cargo-script | 2015, as that knew no other | 2015 if it has `extern crate` or `try!`, else 2021 | many that name it were written since |
//! | messages | `error: …` | `runner: SCRIPT: …` | who speaks |
//!
//! # From `//usr/bin/env rustc …; exit`
//!
//! | what | the shell | here | why |
//! | --- | --- | --- | --- |
//! | optimization, overflow checks | none, on | `release` | as above; `--debug` before the script has them |
//! | `-C`, `--cfg` and other options of that line | given to rustc | not taken; `--edition` and `--test` are | they belong to that place; `rustflags` under `[package.metadata.runner]` has them |
//! | what else the lines of shell do | is done | is not | the script is Rust |
//!
//! # From the same tricks for C and Go, and `#!/usr/bin/tcc -run`
//!
//! | what | there | here | why |
//! | --- | --- | --- | --- |
//! | optimization | none, unless the line asks for it | `-O2`, unless the line asks for another | compiled once, run often |
//! | flags of the line (`-lm`, `-std=c++20`, `-pthread`, `-ldflags`) | given to the compiler | likewise, in their order; variables of the environment in it are watched | |
//! | `$(pkg-config ...)`, `$(sdl2-config ...)` | run | likewise, when it is compiled; what describes the packages is watched | |
//! | other commands in it | run | passed over, with a note | what they read could not be known; `flags` in the metadata holds what they print |
//! | a compiler that is not installed | an error | the default one (`cc`), with a note | it runs |
//! | where the line puts the program | there | in the cache | |
//! | a change of a header, a library, a variable, the compiler | not seen by most of them | compiled anew | never stale |
//! | relative paths in the line | from the caller's directory | from the script's | the same program wherever it is called from |
//! | flags of `rdmd`, `dmd`, `runghc`, `ocaml` | theirs | given to the compiler that is here, in its spelling | |
//! | `dub` | builds what its file describes | passed over, with a note | |
//! | `-lm` | must be said | C has it | `cc` scripts do not fail for it |
//!
//! # From scriptisto
//!
//! A Rust script whose header asks for no more than cargo or rustc does is compiled as any other, in its place. Every other
//! script with a header is built as the header says.
//!
//! | what | scriptisto | here | why |
//! | --- | --- | --- | --- |
//! | plain Rust: place of the build | a copy in its cache | the script where it is | messages and relative paths are its own |
//! | plain Rust: `build_cmd` | run by a shell | not run; `--edition` in it counts | runner compiles |
//! | directory of the build | stays | goes, with all but `target_bin` | what is in the cache never changes; a program that needs its neighbours there (`node_modules`, a virtual environment) does not find them |
//! | `build_once_cmd` | once a script | at each build | likewise |
//! | when it is built again | the script or `extra_src_paths` is newer | also when a program the commands name, a variable they mention or that compilers heed, or a header that gcc read has changed | never stale, as far as can be known: what else a command reads is not |
//! | `extra_src_paths` | watched | copied beside the source, and watched | a build finds them |
//! | `target_interpreter` | started with the target | put on the first line of the target | a program is one file |
//! | `replace_shebang_with` | replaces the first line | only one that begins with `#!` | code is not lost |
//! | `docker_build` | honored | an error | runner starts no containers |
//! | `script_src`, `files` with `..` or absolute | written there | an error | a script writes nothing outside |
//! | `SCRIPTISTO_BUILD` | forces a build | has no say; `--force` and `build full` do | |
//! | `new`, `template` | there | an error | a script needs a `#!` line only |
//!
//! # From `cargo install` and cargo-binstall, npx, uvx
//!
//! | what | they | here | why |
//! | --- | --- | --- | --- |
//! | `crate@1.2` | `cargo install` wants three numbers or an operator | the newest 1.x that is at least 1.2, as in `Cargo.toml` | one grammar of requirements |
//! | `crate@latest` | npx, uvx ask the registry, or trust what is days old | what it was resolved to, until `runner update` or an upgrade | a run needs no network, and two runs are the same program |
//! | the newest version needs a newer compiler | an error | the newest that this compiler can build | it runs |
//! | several programs | `cargo install` installs all | one: the one of the package's name, the only one, or `--bin` | a run is of one program |
//! | `Cargo.lock` of the package | only with `--locked` | likewise | |
//! | prebuilt binaries | cargo-binstall, npx and uvx run what somebody else built | compiled here | what runs is what the sources say |
//!
//! # From gorun and `go run`
//!
//! | what | gorun, `go run` | here | why |
//! | --- | --- | --- | --- |
//! | place of the build | gorun: a copy in `/tmp` if there is a `#!` line or a section | the script's directory, by `-overlay` | `//go:embed`, relative `replace` and packages beside it are found; traces and messages name the script |
//! | module | `go run`: that of the caller's directory | that of the script's, or its own `go.mod` section | the same program wherever it is called from |
//! | a change of an embedded file, a replaced module, a variable, the toolchain | gorun: not seen | compiled anew | never stale |
//! | exit code | `go run`: 1 whatever it was | the script's | |
//! | `GOOS`, `GOARCH` | `go run`: honored, and then it cannot be executed | no say | what runs here is built for here; `runner build` refuses another machine |
//! | debug information | gorun: there; `go run`: none | none in release, there with `--debug` | |
//! | a file named `x_test.go`, `_x.go`, without `.go` | refused or passed over | runs | |
