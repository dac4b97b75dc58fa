//! Differences: where a script that was written for another tool does not get exactly what that tool gives, and why.
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
//! | `+nightly` not installed | an error | the default toolchain; an error only if it has `#![feature]` | it runs |
//! | toolchain of the working directory | decides | has no say | a script is the same program wherever it is called from |
//! | `.cargo/config.toml` | from the script's directory upwards | of the user and of the root only | likewise |
//! | edition not given | a warning at each build | none; `runner check` says it | silence |
//! | frontmatter behind a BOM | not seen by 1.97 | seen | rustc sees it |
//! | an indented `---` | code, and then rustc's error | an error that says so | it was meant as a fence |
//! | closing fence with too few dashes | counts one too few when more than one is missing | counts all | |
//! | `#!` + comment + `[` | a shebang | an attribute | rustc decides what it compiles |
//! | frontmatter below a comment, backticks for dashes | rustc's error | an error with a hint | |
//! | places of errors in the frontmatter's grammar | the end of the file, sometimes | the fence | |
//! | unused manifest keys | silence | a note, on a terminal and when the build fails | dependencies misspelt as `dependancies` are lost otherwise |
//! | `edition` at the top level | ignored | taken, with a note | it can mean nothing else |
//! | `dev-dependencies` | resolved always | resolved for `runner test` and `bench` | a run does not wait for them |
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
//! # From scriptisto
//!
//! | what | scriptisto | here | why |
//! | --- | --- | --- | --- |
//! | place of the build | a copy in its cache | the script where it is | messages and relative paths are its own |
//! | `build_cmd` | run by a shell | not run; `--edition` in it counts | runner compiles |
//! | `files` | written | `Cargo.toml` is the manifest; other Rust files are an error, the rest a note | nothing is written beside a script |
//! | `target_interpreter`, `docker_build`, `extra_src_paths` | honored | a note | |
//! | `new`, `template` | there | an error | a script needs a `#!` line only |
//! | languages | any | Rust so far | C and others are told apart by name |
//!
//! # From gorun
//!
//! Go is not supported yet: a script that is Go by its extension, first line, sections or content says so in one line.
