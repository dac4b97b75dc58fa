//! Pages for people who read the documentation: no code.

pub mod differences;

#[doc = include_str!("docs/architecture.md")]
pub mod architecture {}

#[doc = include_str!("docs/changelog.md")]
pub mod changelog {}

#[doc = include_str!("docs/daily.md")]
pub mod daily {}

#[doc = include_str!("docs/fleet.md")]
pub mod fleet {}

#[doc = include_str!("docs/go.md")]
pub mod go {}

#[doc = include_str!("docs/hosts.md")]
pub mod hosts {}

#[doc = include_str!("docs/promises.md")]
pub mod promises {}

#[doc = include_str!("docs/windows.md")]
pub mod windows {}
