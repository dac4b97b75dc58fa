//! Computes the launch key of a script, on every run and therefore from almost nothing.
//!
//! blake3 over the version of the format, the script's real path, its bytes, the options that shape a build, and the
//! variables of ours that do ([`KEY_VARIABLES`]), as they are.
//! Nothing is parsed, and no toolchain is looked up, to compute it. Everything else a build depends on is in the trace.

use std::os::unix::ffi::OsStrExt;

use crate::base::digest::{Digest, Fields};
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
pub(crate) const FORMAT: &str = hit_text!(str concat!(env!("CARGO_PKG_VERSION"), " 8"));

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
    match (script.location(), script.real_path()) {
        (Location::File(path), real) => {
            let path = real.unwrap_or(path).as_os_str().as_bytes();
            of_file(path, script.bytes(), options, variables)
        }
        (Location::Package(package), _) => {
            let (name, wanted) = (package.name().as_bytes(), package.wanted_text().as_bytes());
            from_package(name, wanted, options, variables)
        }
        (Location::Nowhere(base), _) => {
            let mut fields = Fields::new("launch from nowhere");
            fields.push("base", base.as_os_str().as_bytes());
            fields.push("name", script.stem().as_bytes());
            finish(&mut fields, script.bytes(), options, variables)
        }
    }
}

/// The key of a script that is a file, at its real path.
pub(crate) fn of_file(
    path: &[u8],
    bytes: &[u8],
    options: &Options,
    variables: impl FnOnce(&mut Fields),
) -> Key {
    let mut fields = Fields::new(hit_text!(str "launch"));
    fields.push(hit_text!(str "path"), path);
    finish(&mut fields, bytes, options, variables)
}

/// The key of a package, and of what is wanted of it.
pub(crate) fn from_package(
    name: &[u8],
    wanted: &[u8],
    options: &Options,
    variables: impl FnOnce(&mut Fields),
) -> Key {
    let mut fields = Fields::new("launch of a package");
    fields.push("package", name);
    fields.push("wanted", wanted);
    finish(&mut fields, b"", options, variables)
}

fn finish(fields: &mut Fields, bytes: &[u8], options: &Options, variables: impl FnOnce(&mut Fields)) -> Key {
    fields.push(hit_text!(str "format"), FORMAT.as_bytes());
    fields.push(hit_text!(str "bytes"), bytes);
    options.add_to(fields);
    variables(fields);
    Key::new(fields.finish())
}
