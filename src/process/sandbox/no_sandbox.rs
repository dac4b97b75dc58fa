//! Systems without a sandbox: asking for one is an error.

use std::convert::Infallible;
use std::io;

use crate::process::sandbox::refused::Refused;
use crate::process::sandbox::rules::Sandbox;

/// There is none.
#[derive(Debug)]
pub(crate) struct Prepared(Infallible);

impl Sandbox {
    /// Refuses.
    ///
    /// # Errors
    ///
    /// Always.
    pub(crate) fn prepare(&self) -> Result<Prepared, Refused> {
        Err(Refused::UnknownSystem)
    }
}

impl Prepared {
    /// Nobody has one.
    ///
    /// # Errors
    ///
    /// None.
    pub(crate) fn try_clone(&self) -> io::Result<Prepared> {
        match self.0 {}
    }

    /// Nobody has one.
    ///
    /// # Errors
    ///
    /// None.
    pub(crate) fn enter(&self) -> io::Result<()> {
        match self.0 {}
    }
}

/// There are none on other systems yet.
///
/// # Errors
///
/// Always.
pub(crate) fn supported_abi() -> Result<i32, Refused> {
    Err(Refused::UnknownSystem)
}
