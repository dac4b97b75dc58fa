//! What the configuration and the variables say, and which of them wins.

mod config;
mod project;
