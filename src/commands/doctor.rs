//! `runner doctor`: looks whether everything that runs rest on is there, and says what mends what is not.
//!
//! It asks no network, changes nothing, and writes one probe file in the cache. What concerns one script is in [`script`].

pub(crate) mod finding;
pub(crate) mod machine;
pub(crate) mod script;

use std::ffi::OsStr;

use crate::base::error::Result;
use crate::commands::doctor::finding::{Finding, Findings};
use crate::engine::context::Context;
use crate::request::options::Options;

/// Looks at the machine and, if one is named, at a script.
///
/// # Errors
/// None of what is found is one; [`crate::Step::Cache`] if there is nowhere to look.
pub(crate) fn doctor(context: &Context, script: Option<&OsStr>, options: &Options) -> Result<Vec<Finding>> {
    let context = &context.without_named_programs();
    let mut findings = Findings::default();
    machine::look(context, options, &mut findings);
    if let Some(script) = script {
        script::look(context, script, options, &mut findings);
    }
    Ok(findings.0)
}
