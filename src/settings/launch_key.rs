//! Computes the launch key of a script, on every run and therefore from almost nothing.
//!
//! blake3 over the script's real path, the version of the format, the options that shape a build, the variables of ours that do
//! ([`KEY_VARIABLES`]), as they are, and the script's bytes.
//! Nothing is parsed, and no toolchain is looked up, to compute it. Everything else a build depends on is in the trace.

use std::os::unix::ffi::OsStrExt;

use crate::base::digest::{Digest, Fields, Hasher, Sink};
use crate::base::environment::Environment;
use crate::base::hit_text::hit_text;
use crate::base::policy::Policy;
use crate::request::options::Options;
use crate::request::sandbox_permissions::Permissions;
use crate::request::setting_variables::KEY_VARIABLES;
use crate::script::script_file::{Location, Script};
use crate::store::key::Key;

/// Changes when the same inputs may give another binary or another trace than in an earlier runner: then nothing made
/// before is looked at again.
pub(crate) const FORMAT: &str = hit_text!(str concat!(env!("CARGO_PKG_VERSION"), " 10"));

/// The launch key of a script: of what was asked for on the command line, and of what variables ask for.
pub(crate) fn launch_key(script: &Script, options: &Options, environment: &Environment) -> Key {
    // What the caller allows in a sandbox is no part of the program, and is not kept with it.
    let options = &Options { sandbox: Permissions::default(), ..options.clone() };
    of_script(script, options, |fields| {
        push_policy(fields, environment.policy().and_then(Policy::identity));
        for name in KEY_VARIABLES {
            if let Some(value) = environment.variable(name) {
                fields.push(name, value.as_bytes());
            }
        }
    })
}

/// The content key of a script: with all that is asked for spelled out in its options, what it took from its project, and the
/// policy that it was read under.
pub(crate) fn content_key(
    script: &Script,
    options: &Options,
    inherited: &str,
    policy: Option<Digest>,
) -> Key {
    of_script(script, options, |fields| {
        push_policy(fields, policy);
        if !inherited.is_empty() {
            fields.push("inherited", inherited.as_bytes());
        }
    })
}

/// What was built under one policy is no answer under another.
fn push_policy(fields: &mut Fields, policy: Option<Digest>) {
    if let Some(policy) = policy {
        fields.push("policy", policy.hex().as_bytes());
    }
}

fn of_script(script: &Script, options: &Options, variables: impl FnOnce(&mut Fields)) -> Key {
    let (hasher, bytes) = (Hasher::new(), script.bytes());
    let mut fields = match (script.location(), script.real_path()) {
        (Location::File(path), real) => {
            let path = real.unwrap_or(path).as_os_str().as_bytes();
            of_file(hasher, path, Some(options), variables)
        }
        (Location::Package(package), _) => {
            let (name, wanted) = (package.name().as_bytes(), package.wanted_text().as_bytes());
            of_package(hasher, name, wanted, Some(options), variables)
        }
        (Location::Nowhere(base), _) => {
            let mut fields = Fields::of(hasher, "launch from nowhere");
            fields.push("base", base.as_os_str().as_bytes());
            fields.push("name", script.stem().as_bytes());
            finish(fields, Some(options), variables)
        }
    };
    fields.more(bytes);
    Key::new(fields.finish())
}

/// What is hashed of a script that is a file, at its real path, up to its bytes, which follow: a hit reads them to where they are
/// hashed. It has no options, and where nothing is asked for they add nothing.
pub(crate) fn of_file<S: Sink>(
    sink: S,
    path: &[u8],
    options: Option<&Options>,
    variables: impl FnOnce(&mut Fields<S>),
) -> Fields<S> {
    let mut fields = Fields::of(sink, hit_text!(str "launch"));
    fields.push(hit_text!(str "path"), path);
    finish(fields, options, variables)
}

/// What is hashed of a package, and of what is wanted of it, which has no bytes.
pub(crate) fn of_package<S: Sink>(
    sink: S,
    name: &[u8],
    wanted: &[u8],
    options: Option<&Options>,
    variables: impl FnOnce(&mut Fields<S>),
) -> Fields<S> {
    let mut fields = Fields::of(sink, "launch of a package");
    fields.push("package", name);
    fields.push("wanted", wanted);
    finish(fields, options, variables)
}

fn finish<S: Sink>(
    mut fields: Fields<S>,
    options: Option<&Options>,
    variables: impl FnOnce(&mut Fields<S>),
) -> Fields<S> {
    fields.push(hit_text!(str "format"), FORMAT.as_bytes());
    if let Some(options) = options {
        options.add_to(&mut fields);
    }
    variables(&mut fields);
    fields.begin_last(hit_text!(str "bytes"));
    fields
}
