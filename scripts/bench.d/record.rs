#[derive(Debug, Clone, PartialEq)]
struct RecordN {
    name: String,
    values: Vec<f64>,
    words: BTreeMap<String, usize>,
}

impl RecordN {
    fn parse(line: &str) -> Result<RecordN, String> {
        let (name, rest) = line.split_once(':').ok_or_else(|| format!("{line}: no name"))?;
        let values =
            rest.split(',').map(|text| text.trim().parse::<f64>().map_err(|error| error.to_string()));
        let values = values.collect::<Result<Vec<f64>, String>>()?;
        let mut words = BTreeMap::new();
        for word in name.split_whitespace() {
            *words.entry(word.to_lowercase()).or_insert(0) += 1;
        }
        Ok(RecordN { name: name.to_owned(), values, words })
    }

    fn total(&self) -> f64 {
        match self.values.as_slice() {
            [] => 0.0,
            [one] => *one * N as f64,
            many => many.iter().sum::<f64>() + self.name.len() as f64 + self.words.len() as f64,
        }
    }
}
