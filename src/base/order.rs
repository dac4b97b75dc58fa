//! Sorts lists of many types with one sort.
//!
//! The standard library compiles its sort anew for every type of item: four kilobytes each, which was a twelfth of the static
//! binary. Here one sort orders indexes, and what is compiled for a type compares and swaps.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// Sorts by the items themselves.
pub(crate) fn sort<T: Ord>(items: &mut [T]) {
    sort_by(items, T::cmp);
}

/// Sorts by a comparison; equal items stay in their order.
pub(crate) fn sort_by<T>(items: &mut [T], mut compare: impl FnMut(&T, &T) -> Ordering) {
    let sorted = sorted(items.len(), &mut |one, two| compare(&items[one], &items[two]));
    arrange(&sorted, &mut |one, two| items.swap(one, two));
}

/// Sorts by a key; items of equal keys stay in their order.
pub(crate) fn sort_by_key<T, K: Ord>(items: &mut [T], mut key: impl FnMut(&T) -> K) {
    sort_by(items, |one, two| key(one).cmp(&key(two)));
}

/// A set of these. `collect` would sort them first.
pub(crate) fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    set.extend(items);
    set
}

/// A map of these; of equal keys the last stays. `collect` would sort them first.
pub(crate) fn map<K: Ord, V>(items: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    map.extend(items);
    map
}

/// The indexes of the items, in the order of the items.
fn sorted(count: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut indexes: Vec<usize> = (0..count).collect();
    indexes.sort_by(|one, two| compare(*one, *two));
    indexes
}

/// Swaps until every item is where it belongs.
fn arrange(sorted: &[usize], swap: &mut dyn FnMut(usize, usize)) {
    let mut places = vec![0; sorted.len()];
    for (place, index) in sorted.iter().enumerate() {
        places[*index] = place;
    }
    for at in 0..places.len() {
        while places[at] != at {
            let place = places[at];
            swap(at, place);
            places.swap(at, place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sorts_as_the_standard_library_does() {
        let mut state = 1_u32;
        for count in 0..200 {
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state >> 28
            };
            let list: Vec<(u32, usize)> = (0..count).map(|index| (next(), index)).collect();
            let (mut ours, mut theirs) = (list.clone(), list);
            sort_by_key(&mut ours, |(key, _)| *key);
            theirs.sort_by_key(|(key, _)| *key);
            assert_eq!(ours, theirs);
            sort_by(&mut ours, |one, two| two.cmp(one));
            theirs.sort_by(|one, two| two.cmp(one));
            assert_eq!(ours, theirs);
        }
    }
}
