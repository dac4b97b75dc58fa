//! The remote cache (`remote`): a server of Bazel's HTTP cache protocol that a miss asks before it compiles.
//!
//! It is the third layer, below the user's own cache and the directory that is shared on a machine
//! ([`crate::engine::shared_cache`]). A hit asks nothing. A miss asks under its lock, and commits what it gets as an entry of
//! its own with the facts of this machine, so that the next run is an ordinary hit.
//!
//! ```text
//! PUT|GET ADDRESS/ac/KEY         an ActionResult: entry in stdout_raw, its signature in stderr_raw
//! PUT|GET ADDRESS/cas/SHA256     a program
//! ```
//!
//! ```text
//! question     asks, checks, takes over; adds
//! key          what is asked for: script, options, compiler; nothing of it a path of this machine
//! entry        up to eight builds, each with the facts that must hold for it
//! places       directories of this machine, in the texts of facts
//! action       the ActionResult
//! server       curl or a helper; how long it is waited for
//! signature    ssh-keygen
//! ```
//!
//! What is not believed: an entry without a signature of a key in `remote-signers`, one that was made for another key, a fact
//! that does not hold here, a program whose bytes are not those that were signed, or that cannot run here. Whatever fails,
//! the script is compiled; `-v`, `runner why` and `runner cache stats` tell.

pub(crate) mod action;
pub(crate) mod entry;
pub(crate) mod key;
pub(crate) mod places;
pub(crate) mod question;
pub(crate) mod server;
pub(crate) mod signature;
