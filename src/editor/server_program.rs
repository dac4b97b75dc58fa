//! The executable of a language server: that of the script's own toolchain, or what PATH has.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::base::digest::Fields;
use crate::base::environment::is_executable;
use crate::editor::lsp::projects::{Language, ServerProgram};
use crate::engine::context::Context;
use crate::rust::toolchain::Toolchain;

/// Finds the server of a language, for scripts of a toolchain or for what is no script.
///
/// # Errors
/// A message with what to install.
pub(crate) fn find(
    context: &Context,
    language: Language,
    toolchain: Option<&str>,
) -> std::result::Result<ServerProgram, String> {
    let (name, cure) = match language {
        Language::Rust => ("rust-analyzer", "`rustup component add rust-analyzer rust-src`"),
        Language::C | Language::Cpp => ("clangd", "`apt-get install clangd`, or your system's package"),
        Language::Go => ("gopls", "`go install golang.org/x/tools/gopls@latest`, or your system's package"),
        Language::Zig => ("zls", "https://zigtools.org/zls"),
    };
    let arguments = if name == "clangd" { vec!["--log=error".to_owned()] } else { Vec::new() };
    let found = match language {
        Language::Rust => rust_analyzer(context, toolchain),
        _ => context.environment().find_command(OsStr::new(name)),
    };
    let named = toolchain.filter(|_| language == Language::Rust);
    let variables = named.map(|name| ("RUSTUP_TOOLCHAIN".into(), name.into()));
    match found {
        Some(program) => Ok(ServerProgram {
            program,
            arguments,
            variables: context.environment().all().into_iter().chain(variables).collect(),
            name: name.to_owned(),
        }),
        None => Err(format!("cannot find `{name}`\n  hint: install it: {cure}")),
    }
}

/// For a toolchain its own; without one that of PATH. rustup's proxy is none if the component is not there.
fn rust_analyzer(context: &Context, toolchain: Option<&str>) -> Option<PathBuf> {
    let environment = context.environment();
    let of_toolchain = |wanted: Option<&str>| {
        let found = Toolchain::find(wanted, environment, &context.cache().ok()?).ok()?;
        Some(found.rustc.with_file_name("rust-analyzer")).filter(|path| is_executable(path))
    };
    let on_path = || {
        let found = environment.find_command(OsStr::new("rust-analyzer"))?;
        let real = fs::canonicalize(&found).ok()?;
        (real.file_name() != Some(OsStr::new("rustup"))).then_some(found)
    };
    match toolchain {
        Some(wanted) => of_toolchain(Some(wanted)).or_else(on_path).or_else(|| of_toolchain(None)),
        None => on_path().or_else(|| of_toolchain(None)),
    }
}

/// Where the answer of a server to `initialize` is kept, until its executable changes.
fn memory(context: &Context, program: &ServerProgram) -> Option<PathBuf> {
    let real = fs::canonicalize(&program.program).ok()?;
    let metadata = fs::metadata(&real).ok()?;
    let mut fields = Fields::new("language server");
    fields.push("program", real.as_os_str().as_encoded_bytes());
    let stamp = [metadata.size() as i64, metadata.mtime(), metadata.mtime_nsec(), metadata.ino() as i64];
    stamp.iter().for_each(|number| fields.push("stamp", &number.to_le_bytes()));
    program.arguments.iter().for_each(|word| fields.push("argument", word.as_bytes()));
    let cache = context.cache().ok()?;
    Some(cache.join("editor").join(format!("{}.server", fields.finish().short(32))))
}

/// What a server answered to `initialize` when it was asked before.
pub(crate) fn remembered(context: &Context, program: &ServerProgram) -> Option<Value> {
    serde_json::from_slice(&fs::read(memory(context, program)?).ok()?).ok()
}

/// Keeps what a server answered; without it the server is asked again.
pub(crate) fn remember(context: &Context, program: &ServerProgram, answer: &Value) {
    let Ok(cache) = context.cache() else { return };
    if let Some(path) = memory(context, program).filter(|_| cache.create().is_ok()) {
        let _ = cache.write_whole(Path::new(&path), answer.to_string().as_bytes());
    }
}
