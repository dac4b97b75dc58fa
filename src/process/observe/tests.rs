//! What a command looked at is seen, whatever way it looked.

#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::unwrap_used, reason = "tests")]

mod calls;
mod life;
mod programs;
mod support;
mod writes;
