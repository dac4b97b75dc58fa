//! Merging: one project for all open scripts of a toolchain.
//!
//! Each project of its own costs rust-analyzer a load of the sysroot's workspace, about a second; scripts of one directory
//! tend to have the same dependencies. Crates that are the same in everything are one.

use rustc_hash::FxHashMap;
use serde_json::{Map, Value};

/// As few projects as say the same: one for each sysroot.
pub(crate) fn merge(projects: &[&Value]) -> Vec<Value> {
    let mut merged: Vec<(Value, Crates)> = Vec::new();
    for project in projects {
        let mut frame = (*project).clone();
        let Some(object) = frame.as_object_mut() else { continue };
        object.remove("crates");
        let index = merged.iter().position(|(other, _)| *other == frame);
        let index = index.unwrap_or_else(|| {
            merged.push((frame, Crates::default()));
            merged.len() - 1
        });
        let crates = project["crates"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut places = vec![None; crates.len()];
        for at in 0..crates.len() {
            merged[index].1.add(crates, at, &mut places);
        }
    }
    merged
        .into_iter()
        .map(|(mut frame, crates)| {
            frame["crates"] = crates.list.into();
            frame
        })
        .collect()
}

#[derive(Default)]
struct Crates {
    list: Vec<Value>,
    /// Where a crate is, by all it says.
    known: FxHashMap<String, usize>,
}

/// Where a crate of the project that is added has gone.
#[derive(Clone, Copy)]
enum Place {
    /// Being added: who depends on it now is part of a circle.
    Open,
    At(usize),
}

impl Crates {
    /// Adds a crate, after those it depends on; `None` if it is no crate, or a circle leads back to it.
    fn add(&mut self, crates: &[Value], at: usize, places: &mut [Option<Place>]) -> Option<usize> {
        match places.get(at)? {
            Some(Place::At(index)) => return Some(*index),
            Some(Place::Open) => return None,
            None => places[at] = Some(Place::Open),
        }
        let mut own: Map<String, Value> = crates.get(at)?.as_object()?.clone();
        let mut links = Vec::new();
        for link in own.get("deps").and_then(Value::as_array).into_iter().flatten() {
            let target = link["crate"].as_u64().and_then(|target| usize::try_from(target).ok());
            if let Some(index) = target.and_then(|target| self.add(crates, target, places)) {
                let mut link = link.clone();
                link["crate"] = index.into();
                links.push(link);
            }
        }
        own.insert("deps".to_owned(), links.into());
        let own = Value::Object(own);
        let next = self.list.len();
        let index = *self.known.entry(own.to_string()).or_insert(next);
        if index == next {
            self.list.push(own);
        }
        places[at] = Some(Place::At(index));
        Some(index)
    }
}
