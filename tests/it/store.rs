//! The cache on disk: faults, damage, loss of power, many at once, other people.

mod concurrency;
mod killed;
mod location;
mod power;
mod security;
mod shared_cache;

/// With real compilers, or for seconds.
mod slow {
    mod concurrency;
    mod damage;
    mod file_systems;
    mod power;
    mod security;
    mod storm;
    mod system_calls;
    mod unusable;
}
