use regex::Regex;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Word {
    text: String,
    length: usize,
}

fn main() {
    let pattern = Regex::new(r"\w+").unwrap();
    let words = pattern.find_iter("as fast as the machine allows NONCE");
    let words: Vec<Word> =
        words.map(|word| Word { text: word.as_str().into(), length: word.len() }).collect();
    let json = serde_json::to_string(&words).unwrap();
    let again: Vec<Word> = serde_json::from_str(&json).unwrap();
    let letters: usize = again.iter().map(|word| word.length).sum();
    println!("{letters} letters in {} words, the last is {}", again.len(), again.last().unwrap().text);
}
