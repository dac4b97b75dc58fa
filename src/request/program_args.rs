//! Arguments and variables that a program is given besides the caller's own.

use std::ffi::OsString;

/// Arguments and variables that a program is given besides the caller's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ProgramArgs {
    /// Arguments, before the caller's.
    pub(crate) arguments: Vec<OsString>,
    /// Variables, whatever the caller has under these names.
    pub(crate) variables: Vec<(OsString, OsString)>,
    /// The permissions of the sandbox that the script or the configuration asks for: see
    /// [`crate::request::sandbox_permissions`].
    pub(crate) sandbox: Vec<OsString>,
}
