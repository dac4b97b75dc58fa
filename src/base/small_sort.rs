//! Order: sorting, compiled once.
//!
//! Std's sort is made for long lists and is compiled again for every type, 4 KB each. Lists here are short and of two dozen
//! types, so what is sorted is the places of their items: one type, whatever the items are. As stable as std's.

use std::cmp::Ordering;

/// Sorts a list.
pub(crate) fn sort<T: Ord>(list: &mut [T]) {
    sort_by(list, T::cmp);
}

/// Sorts a list by what is said of each item.
pub(crate) fn sort_by_key<T, K: Ord>(list: &mut [T], key: impl Fn(&T) -> K) {
    sort_by(list, |one, two| key(one).cmp(&key(two)));
}

/// Sorts a list by how any two items compare.
pub(crate) fn sort_by<T>(list: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let mut places = sorted_places(list.len(), &|one, two| compare(&list[one], &list[two]));
    // Round each cycle of places once: what belongs here comes here, until what was here first is due.
    for start in 0..list.len() {
        let mut place = start;
        while places[place] != start {
            let next = std::mem::replace(&mut places[place], place);
            list.swap(place, next);
            place = next;
        }
        places[place] = place;
    }
}

/// Where the items stand that belong at 0, 1, 2…
fn sorted_places(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    #[allow(clippy::disallowed_methods)] // This is the one place.
    places.sort_by(|one, two| compare(*one, *two));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods)]
    fn it_sorts_as_std_does() {
        let mut random = 1_u32;
        for length in 0..60 {
            let mut list: Vec<(u32, usize)> = (0..length)
                .map(|place| {
                    random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (random >> 28, place)
                })
                .collect();
            let mut expected = list.clone();
            expected.sort_by_key(|item| item.0);
            sort_by_key(&mut list, |item| item.0);
            assert_eq!(list, expected);
            expected.sort_by(|one, two| two.cmp(one));
            sort_by(&mut list, |one, two| two.cmp(one));
            assert_eq!(list, expected);
            sort(&mut list);
            assert!(list.is_sorted());
        }
    }
}
