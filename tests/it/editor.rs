//! Editors: the language server in front of the language servers, and the projects of scripts.

mod discover;
mod life;
mod loading;
mod scripts;
mod servers;

/// With the real servers, or for seconds.
mod slow {
    mod debugging;
    mod directories;
    mod neovim;
    mod other_languages;
    mod project;
    mod rust;
    mod rust_edits;
}
