//! A look at a page: nothing leaves the screen, is cut, or breaks over lines where it should not. With
//! `SCREENSHOTS=folder` a picture of each page is kept there, to be looked at.

use std::env;
use std::path::Path;

use crate::Page;

/// Finds what a person would call broken.
const LOOK: &str = include_str!("layout.js");

/// A browser of a known width whose pages are judged.
#[derive(Debug)]
pub struct Eyes {
    /// The browser.
    pub browser: Page,
    /// The width of its screen, in pixels.
    pub width: u32,
    /// What stands behind the name of each picture, such as the width.
    pub suffix: String,
}

impl Eyes {
    /// Eyes at this browser.
    pub fn new(browser: Page, width: u32) -> Self {
        Self { browser, width, suffix: width.to_string() }
    }

    /// Opens a page and looks at it.
    pub async fn look_at(&self, path: &str, name: &str) {
        self.browser.open(path).await;
        self.look(name).await;
    }

    /// Looks at the present page.
    pub async fn look(&self, name: &str) {
        let found = self.browser.client.execute(LOOK, vec![self.width.into()]).await.unwrap();
        if let Some(folder) = env::var_os("SCREENSHOTS") {
            let picture = self.browser.client.screenshot().await.unwrap();
            let file = Path::new(&folder).join(format!("{name}-{}.png", self.suffix));
            std::fs::write(file, picture).expect("SCREENSHOTS names a folder");
        }
        assert_eq!(found, serde_json::json!([]), "{name} on a screen of {} pixels", self.width);
    }
}
