//! What a command looked at is seen, whatever way it looked.

mod calls;
mod life;
mod programs;
mod support;
mod writes;
