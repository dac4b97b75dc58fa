//! Launch ids: the name of the trace of a script, computed on every run and therefore from almost nothing.
//!
//! blake3 over the version of the format, the script's real path, its bytes, and the options that shape a build.
//! Nothing is parsed, and no toolchain is looked up, to compute it. Everything else a build depends on is in the trace.

use std::os::unix::ffi::OsStrExt;

use crate::digest::{Digest, Fields};
use crate::options::Options;
use crate::script::{Place, Script};

/// Changes when the same inputs may give another binary or another trace than in an earlier runner: then nothing made
/// before is looked at again.
const FORMAT: &str = concat!(env!("CARGO_PKG_VERSION"), " 4");

/// Names a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LaunchId(Digest);

impl LaunchId {
    pub(crate) fn of(script: &Script, options: &Options) -> LaunchId {
        match (script.place(), script.real_path()) {
            (Place::File(path), real) => {
                LaunchId::of_file(real.unwrap_or(path).as_os_str().as_bytes(), script.bytes(), options)
            }
            (Place::Nowhere(base), _) => {
                let mut fields = Fields::new("launch from nowhere");
                fields.push("base", base.as_os_str().as_bytes());
                fields.push("name", script.stem().as_bytes());
                LaunchId::finish(fields, script.bytes(), options)
            }
        }
    }

    /// The id of a script that is a file, at its real path.
    pub(crate) fn of_file(path: &[u8], bytes: &[u8], options: &Options) -> LaunchId {
        let mut fields = Fields::new("launch");
        fields.push("path", path);
        LaunchId::finish(fields, bytes, options)
    }

    fn finish(mut fields: Fields, bytes: &[u8], options: &Options) -> LaunchId {
        fields.push("format", FORMAT.as_bytes());
        fields.push("bytes", bytes);
        options.add_to(&mut fields);
        LaunchId(fields.finish())
    }

    pub(crate) fn digest(&self) -> &Digest {
        &self.0
    }

    pub(crate) fn from_digest(digest: Digest) -> LaunchId {
        LaunchId(digest)
    }
}
