//! Figures by size: a table, a verdict, the lines of a chart, and values reckoned for larger sizes.

use bench_report::{Series, figure, markdown};

/// Growth up to this counts as none: times differ as much from run to run.
const FLAT: f64 = 1.25;

/// One figure for each size, under its name.
#[derive(Debug)]
pub(crate) struct Sheet {
    /// The name of the growing figure.
    pub(crate) what: &'static str,
    sizes: Vec<i64>,
    columns: Vec<(&'static str, Vec<f64>)>,
}

impl Sheet {
    pub(crate) fn new(what: &'static str, sizes: &[i64]) -> Self {
        Self { what, sizes: sizes.to_vec(), columns: Vec::new() }
    }

    /// Adds the figure of the next size to a column.
    pub(crate) fn put(&mut self, name: &'static str, figure: f64) {
        match self.columns.iter_mut().find(|(one, _)| *one == name) {
            Some((_, figures)) => figures.push(figure),
            None => self.columns.push((name, vec![figure])),
        }
    }

    /// A table of columns, each with a head and one figure or more. Sizes `beyond` the measured ones are
    /// reckoned and marked.
    pub(crate) fn table(&self, columns: &[(&str, &[&str])], beyond: &[i64]) -> String {
        let heads: Vec<&str> = [self.what].into_iter().chain(columns.iter().map(|(head, _)| *head)).collect();
        let cells = |value: &dyn Fn(&str) -> Option<f64>| -> Vec<String> {
            let text = |name: &&str| value(name).map_or("–".to_owned(), figure);
            columns.iter().map(|(_, names)| names.iter().map(text).collect::<Vec<_>>().join(" / ")).collect()
        };
        let row = |head: String, mut cells: Vec<String>| {
            cells.insert(0, head);
            cells
        };
        let measured = self
            .sizes
            .iter()
            .enumerate()
            .map(|(nth, size)| row(short(*size), cells(&|name| self.figures(name).get(nth).copied())));
        let reckoned = beyond.iter().map(|size| {
            row(format!("*{}, reckoned*", short(*size)), cells(&|name| self.reckoned(name, *size)))
        });
        markdown(&heads, measured.chain(reckoned))
    }

    /// The verdict on a figure from the first size to the last.
    pub(crate) fn verdict(&self, name: &str) -> String {
        let figures = self.figures(name);
        let ([first, .., last], [smallest, .., largest]) = (figures, &self.sizes[..]) else {
            return format!("{name}: too few sizes");
        };
        let span = format!("from {} to {}", short(*smallest), short(*largest));
        if *first == 0.0 {
            let (word, last) = (if *last == 0.0 { "none" } else { "appears" }, figure(*last));
            return format!("{name}: **{word}**, 0 to {last} {span}");
        }
        let ratio = last / first;
        let tenfolds = (*largest as f64 / *smallest as f64).log10();
        let word = match ratio {
            FLAT.. => "grows",
            _ if ratio >= 1.0 / FLAT => "flat",
            _ => "falls",
        };
        let each = if word == "flat" {
            String::new()
        } else {
            format!(", {} times with each tenfold", figure(ratio.powf(1.0 / tenfolds)))
        };
        format!("{name}: **{word}**, {} times {span}{each}", figure(ratio))
    }

    /// Each figure in multiples of its value at the first size.
    pub(crate) fn multiples(&self, names: &[&str]) -> Vec<Series> {
        let line = |name: &&str| {
            let figures = self.figures(name);
            let first = figures.first().copied().filter(|first| *first > 0.0)?;
            Some(self.series(name, figures.iter().map(|figure| figure / first)))
        };
        names.iter().filter_map(line).collect()
    }

    /// Each figure as it is.
    pub(crate) fn lines(&self, names: &[&str]) -> Vec<Series> {
        names.iter().map(|name| self.series(name, self.figures(name).iter().copied())).collect()
    }

    fn series(&self, name: &str, figures: impl Iterator<Item = f64>) -> Series {
        let sizes = self.sizes.iter().map(|size| *size as f64);
        Series { name: name.to_owned(), points: sizes.zip(figures).collect() }
    }

    fn figures(&self, name: &str) -> &[f64] {
        self.columns.iter().find(|(one, _)| *one == name).map_or(&[], |(_, figures)| figures)
    }

    /// Reckons by the least squares of a + b log(size), for figures that should follow such a line: pages,
    /// which follow the height of trees, and figures that follow pages.
    fn reckoned(&self, name: &str, size: i64) -> Option<f64> {
        let follows = ["p50", "pages of", "append WAL"].iter().any(|part| name.contains(part));
        let figures = self.figures(name);
        if figures.len() < 2 || !follows {
            return None;
        }
        let x: Vec<f64> = self.sizes.iter().map(|size| (*size as f64).log10()).collect();
        let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
        let (x_mean, y_mean) = (mean(&x), mean(figures));
        let covariance: f64 = x.iter().zip(figures).map(|(x, y)| (x - x_mean) * (y - y_mean)).sum();
        let variance: f64 = x.iter().map(|x| (x - x_mean).powi(2)).sum();
        Some((y_mean + covariance / variance * ((size as f64).log10() - x_mean)).max(0.0))
    }
}

/// 10000000 is `10M`.
fn short(size: i64) -> String {
    match size {
        _ if size >= 1_000_000 && size % 1_000_000 == 0 => format!("{}M", size / 1_000_000),
        _ if size >= 1_000 && size % 1_000 == 0 => format!("{}k", size / 1_000),
        _ => size.to_string(),
    }
}
