//! The script is the process; where it cannot be, nobody can tell.

mod interrupted_build;
mod limits;
mod old_kernels;
mod too_long;

/// With real compilers, or for seconds.
mod slow {
    mod contract;
    mod job_control;
    mod sandbox_build;
    mod sandbox_kernel;
    mod sandbox_table;
    mod signals;
}
