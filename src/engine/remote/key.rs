//! The key of a script in the remote cache: of all that is decided before a build, and of no path of this machine.
//!
//! Decisions are the facts that a resolved recipe rests on: compiler and linker by their content, variables by their value,
//! cargo's configuration. What the user is called and where his files are is left out; whether the program depends on that
//! is found out when it is added ([`crate::engine::sealed_build`]).

use std::os::unix::ffi::OsStrExt;

use crate::base::digest::{Digest, Fields};
use crate::base::order;
use crate::base::search::contains;
use crate::build::backend::ResolvedRecipe;
use crate::engine::remote::places::Places;
use crate::request::options::Options;
use crate::request::sandbox_permissions::Permissions;
use crate::settings::launch_key::FORMAT;
use crate::store::trace::fact::{Check, Content, Input, path_of};

/// Variables about the user that make no other program; a build that proves the contrary is not added.
pub(crate) const OF_USER: &[&str] = &[
    "HOME",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_COLLATE",
    "LC_CTYPE",
    "LC_MESSAGES",
    "LC_NUMERIC",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "SSH_AUTH_SOCK",
];

/// A compiler is a file of this size at least; configuration is less.
const MOST_CONFIGURATION_BYTES: u64 = 1 << 20;

/// The key, or why nothing is asked for this script.
pub(crate) fn key(resolved: &dyn ResolvedRecipe<'_>, places: &Places) -> Result<Digest, &'static str> {
    let request = resolved.request();
    let (script, options) = (&request.script, &request.options);
    let Some(path) = script.path().filter(|_| !script.is_overlay()) else {
        return Err("the script is not a file");
    };
    if options.base.is_some() || options.revision.is_some() || options.portable {
        return Err("it is not built for a run");
    }
    let decisions: Vec<&Check<'_>> = resolved.checks().iter().filter(|check| is_decision(check)).collect();
    if is_for_this_processor(script.bytes(), options, &decisions) {
        return Err("it is compiled for the processor of this machine (`native`)");
    }
    let mut fields = Fields::new("runner-remote 1");
    fields.push("format", FORMAT.as_bytes());
    fields.push("name", path.file_name().unwrap_or_default().as_bytes());
    fields.push("bytes", script.bytes());
    Options { sandbox: Permissions::default(), ..options.clone() }.add_to(&mut fields);
    fields.push("machine", std::env::consts::ARCH.as_bytes());
    fields.push("toolchain", resolved.toolchain_id().as_bytes());
    let mut facts: Vec<Vec<u8>> = decisions.iter().map(|check| text(&places.neutral(check))).collect();
    order::sort(&mut facts);
    facts.dedup();
    facts.iter().for_each(|fact| fields.push("fact", fact));
    Ok(fields.finish())
}

/// Whether a fact of a recipe says what will be compiled: not who compiles, nor where the compiler's choice is written down.
fn is_decision(check: &Check<'_>) -> bool {
    match &check.input {
        _ if check.choice => false,
        Input::Variable { name, .. } | Input::Private { name, .. } => {
            let is_tools = check.tool && **name == *b"RUSTUP_TOOLCHAIN";
            !is_tools && OF_USER.iter().all(|known| known.as_bytes() != &**name)
        }
        Input::Content { path, .. } => !(check.tool && path.ends_with(b"/settings.toml")),
        _ => true,
    }
}

/// A fact of a recipe. A tool is what it is, wherever it lies.
fn text(check: &Check<'_>) -> Vec<u8> {
    let mut check = check.clone();
    match &mut check.input {
        Input::Content { content: Content::File, path, .. }
        | Input::Command { name: _, path: Some(path) }
            if check.tool =>
        {
            let name = path_of(path).file_name().unwrap_or_default().as_bytes().to_vec();
            *path = name.into();
        }
        _ => {}
    }
    let mut out = Vec::new();
    check.render(&mut out);
    out
}

/// Whether anything asks for the processor of this machine: such a program may not run on another.
fn is_for_this_processor(script: &[u8], options: &Options, decisions: &[&Check<'_>]) -> bool {
    let says = |text: &[u8]| contains(text, b"=native");
    let in_flags = options.rust_flags.iter().flatten().any(|flag| says(flag.as_bytes()));
    let in_facts = |check: &&Check<'_>| match &check.input {
        Input::Variable { value: Some(value), .. } => says(value),
        Input::Content { content: Content::File, path, .. } if !check.tool => {
            let path = path_of(path);
            let is_small = std::fs::metadata(path).is_ok_and(|file| file.len() <= MOST_CONFIGURATION_BYTES);
            is_small && std::fs::read(path).is_ok_and(|bytes| says(&bytes))
        }
        _ => false,
    };
    says(script) || in_flags || decisions.iter().any(in_facts)
}
