//! A projection that counts words, and refuses some.

use std::error::Error;

use session_ledger::ledger::{DerivedTable, Fact, Projection, Statement};
use session_ledger::session::Event;

pub(crate) const TABLES: &str = "
    create table word (word text primary key, times bigint not null, constraint no_poison check (word <> 'poison'));
    create table mail (event uuid not null, word text not null)";

const COUNTED: &str = "
    insert into word as known (word, times) values ($1, 1)
        on conflict (word) do update set times = known.times + 1
    returning *";
const MAILED: &str = "insert into mail (event, word) values ($1, $2)";

/// Counts the words that were said, and sends a mail for each that is new. The database refuses `poison`, the
/// projection itself `gibberish`.
#[derive(Clone, Copy)]
pub(crate) struct Words;

/// Counts those too.
pub(crate) struct WiserWords;

/// Names its table by the schema.
pub(crate) struct CarelessWords;

const WORD: &[DerivedTable] = &[DerivedTable { name: "word", key: &["word"] }];

fn word(fact: &Fact<'_>) -> Option<String> {
    if let Event::Noted(noted) = fact.event { noted.text() } else { None }
}

impl Projection for Words {
    fn name(&self) -> &'static str {
        "words"
    }

    fn tables(&self) -> &'static [DerivedTable] {
        WORD
    }

    fn project(&self, fact: &Fact<'_>) -> Result<Vec<Statement>, Box<dyn Error + Send + Sync>> {
        let Some(word) = word(fact) else { return Ok(Vec::new()) };
        if word == "gibberish" {
            return Err("nobody understands this".into());
        }
        let mut statements = vec![Statement::new(COUNTED, [word.as_str().into()])];
        if !fact.is_replayed {
            let event = fact.entry.event_id.as_uuid();
            statements.push(Statement::new(MAILED, [event.into(), word.into()]));
        }
        Ok(statements)
    }
}

impl Projection for WiserWords {
    fn name(&self) -> &'static str {
        Words.name()
    }

    fn tables(&self) -> &'static [DerivedTable] {
        WORD
    }

    fn project(&self, fact: &Fact<'_>) -> Result<Vec<Statement>, Box<dyn Error + Send + Sync>> {
        let word = word(fact).map(|word| if word == "poison" { "antidote".to_owned() } else { word });
        Ok(word.map(|word| Statement::new(COUNTED, [word.into()])).into_iter().collect())
    }
}

impl Projection for CarelessWords {
    fn name(&self) -> &'static str {
        Words.name()
    }

    fn tables(&self) -> &'static [DerivedTable] {
        WORD
    }

    fn project(&self, fact: &Fact<'_>) -> Result<Vec<Statement>, Box<dyn Error + Send + Sync>> {
        const COUNTED: &str = "update public.word set times = times + 1";
        Ok(word(fact).map(|_| Statement::new(COUNTED, [])).into_iter().collect())
    }
}
