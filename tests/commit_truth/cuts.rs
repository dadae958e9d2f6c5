//! Connections cut before and after COMMIT, under every kind of request.

use std::env;

use test_support::{Cut, Visitor};

use crate::scene::{COOKIE, Scene, shown, unrepeatable};

/// The kinds of requests.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Changes a stored session.
    Write,
    /// Starts a session.
    Create,
    /// Ends it.
    Logout,
    /// Inserts a row and changes the session.
    Order,
    /// Inserts a row.
    Buy,
}

const KINDS: [Kind; 5] = [Kind::Write, Kind::Create, Kind::Logout, Kind::Order, Kind::Buy];

/// SplitMix64: small, and the same for a seed everywhere.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// A visitor and the expected contents of their session.
struct Customer {
    visitor: Visitor,
    count: u32,
}

impl Customer {
    /// Signed in, with an empty session.
    async fn new(scene: &Scene) -> Self {
        let visitor = Visitor::new(&scene.shop);
        assert_eq!(visitor.post("/login", "").await.status, 200);
        Self { visitor, count: 0 }
    }

    /// Sends one request whose COMMIT is cut, and checks its outcome.
    async fn suffer(&mut self, scene: &Scene, kind: Kind, cut: Cut, repeatable: bool, nth: u64) {
        let context = format!("{nth}: {kind:?}, {cut:?}, repeatable: {repeatable}");
        let (item, sessions) = (format!("item {nth}"), session_count(scene).await);
        let stranger = Visitor::new(&scene.shop);
        let sender = if matches!(kind, Kind::Create) { &stranger } else { &self.visitor };
        let path = match kind {
            Kind::Write | Kind::Create => "/add".to_owned(),
            Kind::Logout => "/logout".to_owned(),
            Kind::Order => format!("/order/item%20{nth}"),
            Kind::Buy => format!("/buy/item%20{nth}"),
        };
        let runs = scene.runs();
        scene.wire.cut_next_commit(cut);
        let answer = if repeatable {
            sender.post(&path, "").await
        } else {
            sender.call(unrepeatable(sender, &path)).await
        };
        assert!(!scene.wire.is_armed(), "{context}: the cut has happened");
        let (happened, runs) = (answer.status == 200, scene.runs() - runs);
        assert!(happened || answer.status == 503, "{context}: {answer:?}");
        match cut {
            Cut::After => assert!(happened && runs == 1, "{context}: {runs} runs, {answer:?}"),
            // The server may process the COMMIT before it is asked about it, or find that it is too late.
            Cut::Unanswered => assert!(happened || !repeatable, "{context}: {runs} runs, {answer:?}"),
            _ => assert!(
                happened == repeatable && runs == 1 + usize::from(repeatable),
                "{context}: {runs} runs, {answer:?}"
            ),
        }

        let bought = i64::from(happened && matches!(kind, Kind::Order | Kind::Buy));
        assert_eq!(scene.purchases(&item).await, bought, "{context}: rows");
        let created = i64::from(happened && matches!(kind, Kind::Create));
        let ended = i64::from(happened && matches!(kind, Kind::Logout));
        assert_eq!(session_count(scene).await - sessions, created - ended, "{context}: sessions");
        match kind {
            Kind::Create if happened && repeatable => assert_eq!(shown(&stranger).await, "- 1", "{context}"),
            Kind::Create if happened => assert_eq!(answer.set_cookies().len(), 1, "{context}"),
            Kind::Create => assert!(answer.set_cookies().is_empty(), "{context}"),
            Kind::Logout if happened => {
                assert!(answer.set_cookies()[0].contains("Max-Age=0"), "{context}: {answer:?}");
                assert!(!repeatable || self.visitor.cookie(COOKIE).is_none(), "{context}");
                assert_eq!(shown(&self.visitor).await, "- 0", "{context}");
                *self = Self::new(scene).await;
            }
            Kind::Write | Kind::Order => self.count += u32::from(happened),
            Kind::Logout | Kind::Buy => {}
        }
        assert_eq!(shown(&self.visitor).await, format!("alice {}", self.count), "{context}");
    }
}

async fn session_count(scene: &Scene) -> i64 {
    scene.database.count("session_ledger.session").await
}

#[tokio::test(flavor = "multi_thread")]
async fn after_every_cut_around_commit_what_was_answered_is_what_happened() {
    let (faults, seed) = (number("FAULTS", 50), number("SEED", rand::random_range(0..u64::from(u32::MAX))));
    println!("SEED={seed} FAULTS={faults}");
    let scene = Scene::set().await;
    let mut customer = Customer::new(&scene).await;
    let mut dice = Dice(seed);
    for nth in 0..2 * faults {
        let kind = KINDS[dice.throw(KINDS.len())];
        let cut = match (nth % 2 == 0, dice.throw(4)) {
            (true, 0) => Cut::Unnoticed,
            (true, _) => Cut::Before,
            (false, 0) => Cut::Unanswered,
            (false, _) => Cut::After,
        };
        let repeatable = dice.throw(4) > 0;
        customer.suffer(&scene, kind, cut, repeatable, nth).await;
    }
    scene.is_sound().await;
    println!("{faults} before and {faults} after: all resolved right, no duplicates");
}
