//! Charts as SVG, for `benches/RESULTS.md`.

use std::error::Error;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

/// One line of a chart.
#[derive(Clone, Debug)]
pub struct Series {
    /// The name of the line.
    pub name: String,
    /// The points: at least one, by rising x. The axis is logarithmic, so x is above zero.
    pub points: Vec<(f64, f64)>,
}

/// Width and height in pixels.
const SIZE: (u32, u32) = (860, 420);

/// The part of the width that a chart of lines leaves to the names of its lines, where they cover none.
const NAMES_WIDTH: u32 = 170;

/// Colours that the colour-blind can tell apart (Okabe and Ito).
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(80, 80, 80),
];

/// Draws lines over a logarithmic x axis; y begins at zero.
///
/// # Errors
///
/// The file cannot be written.
pub fn lines(file: &Path, title: &str, axes: (&str, &str), series: &[Series]) -> Result<(), Box<dyn Error>> {
    let points = || series.iter().flat_map(|series| series.points.iter().copied());
    let x_min = points().map(|(x, _)| x).fold(f64::INFINITY, f64::min);
    let x_max = points().map(|(x, _)| x).fold(x_min, f64::max);
    let root = canvas(file)?;
    let (plot, names) = root.split_horizontally(SIZE.0 - NAMES_WIDTH);
    let mut chart = ChartBuilder::on(&plot)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(38)
        .y_label_area_size(64)
        .build_cartesian_2d((x_min..x_max * 1.05).log_scale(), 0.0..top(points().map(|(_, y)| y)))?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.12))
        .x_desc(axes.0)
        .y_desc(axes.1)
        .x_label_formatter(&short)
        .y_label_formatter(&short)
        .draw()?;
    for (nth, series) in series.iter().enumerate() {
        let colour = COLOURS[nth % COLOURS.len()];
        let line = LineSeries::new(series.points.iter().copied(), colour.stroke_width(2)).point_size(3);
        chart.draw_series(line)?;
        draw_name(&names, nth, &series.name, colour)?;
    }
    root.present()?;
    Ok(())
}

/// One line of the legend.
fn draw_name(
    names: &DrawingArea<SVGBackend<'_>, Shift>,
    nth: usize,
    name: &str,
    colour: RGBColor,
) -> Result<(), Box<dyn Error>> {
    let y = 56 + 20 * i32::try_from(nth)?;
    names.draw(&Rectangle::new([(0, y - 3), (14, y + 3)], colour.filled()))?;
    names.draw(&Text::new(name.to_owned(), (20, y - 6), ("sans-serif", 12)))?;
    Ok(())
}

/// Draws groups of bars: in each `group` one bar for every name, with its height from `height`.
///
/// # Errors
///
/// The file cannot be written.
pub fn bars(
    file: &Path,
    title: &str,
    y_axis: &str,
    groups: &[&str],
    names: &[&str],
    height: impl Fn(usize, usize) -> f64,
) -> Result<(), Box<dyn Error>> {
    let all = (0..groups.len()).flat_map(|group| (0..names.len()).map(move |name| (group, name)));
    let highest = top(all.map(|(group, name)| height(group, name)));
    let root = canvas(file)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(38)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..groups.len() as f64, 0.0..highest)?;
    let middle_of = |x: &f64| if x.fract() == 0.5 { groups[*x as usize].to_owned() } else { String::new() };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(groups.len() * 2 + 1)
        .x_label_formatter(&middle_of)
        .y_desc(y_axis)
        .y_label_formatter(&short)
        .draw()?;
    let width = 0.8 / names.len() as f64;
    for (nth, name) in names.iter().enumerate() {
        let colour = COLOURS[nth % COLOURS.len()];
        let bar = |group: usize| {
            let left = group as f64 + 0.1 + width * nth as f64;
            Rectangle::new([(left, 0.0), (left + width * 0.92, height(group, nth))], colour.filled())
        };
        chart
            .draw_series((0..groups.len()).map(bar))?
            .label(*name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 10, y + 5)], colour.filled()));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    root.present()?;
    Ok(())
}

fn canvas(file: &Path) -> Result<DrawingArea<SVGBackend<'_>, Shift>, Box<dyn Error>> {
    let root = SVGBackend::new(file, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    Ok(root)
}

/// The top of the axis, a little above the highest bar.
fn top(heights: impl Iterator<Item = f64>) -> f64 {
    heights.fold(f64::MIN_POSITIVE, f64::max) * 1.1
}

/// 1500 is `1.5k`.
fn short(value: &f64) -> String {
    match value.abs() {
        1e6.. => format!("{}M", value / 1e6),
        1e3.. => format!("{}k", value / 1e3),
        _ => format!("{}", (value * 100.0).round() / 100.0),
    }
}
