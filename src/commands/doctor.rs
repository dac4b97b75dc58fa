//! `runner doctor`: looks whether everything that runs rest on is there, and says what mends what is not.
//!
//! It asks no network, changes nothing, and writes one probe file in the cache. What concerns one script is in [`script`].

pub(crate) mod machine;
pub(crate) mod script;

use std::ffi::OsStr;
use std::fmt;

use crate::base::error::{Error, Result};
use crate::engine::context::Context;
use crate::request::options::Options;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// As it should be.
    Ok,
    /// Scripts run, but something is not as it was meant to be.
    Warn,
    /// Scripts cannot run.
    Fail,
}

impl Grade {
    /// The word that a list shows.
    pub fn as_str(self) -> &'static str {
        match self {
            Grade::Ok => "ok",
            Grade::Warn => "warn",
            Grade::Fail => "FAIL",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone)]
pub struct Finding {
    /// How bad it is.
    pub grade: Grade,
    /// What was looked at: `cache`, `linker`.
    pub what: &'static str,
    /// What was found.
    pub found: String,
    /// What mends it, if anything has to be.
    pub cure: Option<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:4}  {}: {}", self.grade.as_str(), self.what, self.found)
    }
}

/// What has been found so far.
#[derive(Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    fn ok(&mut self, what: &'static str, found: impl Into<String>) {
        self.0.push(Finding { grade: Grade::Ok, what, found: found.into(), cure: None });
    }

    fn warn(&mut self, what: &'static str, found: impl Into<String>, cure: impl Into<String>) {
        self.0.push(Finding { grade: Grade::Warn, what, found: found.into(), cure: Some(cure.into()) });
    }

    fn fail(&mut self, what: &'static str, found: impl Into<String>, cure: impl Into<String>) {
        self.0.push(Finding { grade: Grade::Fail, what, found: found.into(), cure: Some(cure.into()) });
    }

    fn error(&mut self, grade: Grade, what: &'static str, error: &Error) {
        let cure = error.cure().map(std::borrow::Cow::into_owned);
        self.0.push(Finding { grade, what, found: error.to_string(), cure });
    }
}

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
