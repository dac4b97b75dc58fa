//! A build that is repeated until no input changed while the compiler read it.

use std::path::Path;

use crate::base::error::{At, Error, Result, Step};
use crate::build::backend::{Host, ResolvedRecipe};
use crate::build::outcome::Outcome;
use crate::store::entry::Built;

/// How often a build is begun again because an input changed under it.
pub(crate) const MOST_ATTEMPTS: usize = 8;

/// Compiles until no input changed meanwhile.
pub(crate) fn build_settled(
    resolved: &dyn ResolvedRecipe<'_>,
    staging: &Path,
    host: Host<'_>,
) -> Result<Built> {
    let script = &resolved.request().script;
    let work = host.reporter.work(staging, host.environment)?;
    for _ in 0..MOST_ATTEMPTS {
        match resolved.build(&work, host)? {
            Outcome::Built(built) => return taken_over(built, &work, staging),
            Outcome::InputChanged(path) => host.reporter.verbose(|| {
                let script = script.display_name();
                format!("{script}: `{}` changed while it was compiled; once more", path.display())
            }),
        }
        if !script.is_unchanged() {
            // Its bytes are not worth compiling any more.
            break;
        }
    }
    Err(Error::message(Step::Compile, "its inputs keep changing while it is compiled")
        .hint("run it again when they have settled"))
}

/// A build whose directory is kept leaves its program there.
fn taken_over(built: Built, work: &Path, staging: &Path) -> Result<Built> {
    if work == staging {
        return Ok(built);
    }
    let output = staging.join("program");
    std::fs::copy(&built.output, &output).at(Step::Cache)?;
    Ok(Built { output, ..built })
}
