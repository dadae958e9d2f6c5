//! Actions of a person with a browser. Each waits for the element that it needs.

use std::time::Duration;

use fantoccini::Client;
use fantoccini::wd::Locator;

/// Far longer than any page takes, so that a slow machine is no failure.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pause between two looks at a page.
const POLL: Duration = Duration::from_millis(20);

/// A browser at a site.
#[derive(Debug)]
pub struct Page {
    /// The browser.
    pub client: Client,
    /// The address of the site.
    pub site: String,
}

impl Page {
    /// Opens a page of the site.
    pub async fn open(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.site)).await.unwrap();
    }

    /// Waits until there is such an element.
    pub async fn wait_for(&self, css: &str) -> fantoccini::elements::Element {
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("{css}: {error}\n{}", self.client.source().await.unwrap_or_default()),
        }
    }

    /// Waits until the first such element has this text. A page that is being replaced has none for a moment.
    pub async fn wait_for_text(&self, css: &str, text: &str) {
        let reads = async || {
            let element = self.client.find(Locator::Css(css)).await.ok()?;
            element.text().await.ok()
        };
        let waited = tokio::time::timeout(PATIENCE, async {
            while reads().await.as_deref() != Some(text) {
                tokio::time::sleep(POLL).await;
            }
        });
        if waited.await.is_err() {
            panic!("{css} never read {text:?}:\n{}", self.client.source().await.unwrap_or_default());
        }
    }

    /// The visible text of the first such element.
    pub async fn text(&self, css: &str) -> String {
        self.wait_for(css).await.text().await.unwrap()
    }

    /// How many such elements there are now.
    pub async fn count(&self, css: &str) -> usize {
        self.client.find_all(Locator::Css(css)).await.unwrap().len()
    }

    /// Clicks the first such element.
    pub async fn click(&self, css: &str) {
        self.wait_for(css).await.click().await.unwrap();
    }

    /// Replaces the text of a field.
    pub async fn fill(&self, css: &str, text: &str) {
        let field = self.wait_for(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// The value of a cookie.
    pub async fn cookie(&self, name: &str) -> String {
        self.client.get_named_cookie(name).await.unwrap().value().to_owned()
    }
}
