//! The command line: options, help, completions, other names, and what is said to whoever mistypes.

mod completions;
mod drop_in;
mod golden;
mod help;
mod options;

/// With real compilers, or for seconds.
mod slow {
    mod drop_in;
    mod golden;
    mod help;
    mod options;
}
