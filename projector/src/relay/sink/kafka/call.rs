//! The events of one call, and what is known of them.

use std::collections::HashMap;
use std::time::Duration;

use rdkafka::error::RDKafkaErrorCode;
use tokio::time::{Instant, timeout, timeout_at};

use super::answer::{Answer, Doubt};
use super::line::{Line, Report};
use crate::envelope::Envelope;

/// The most events that are on their way at once.
const IN_FLIGHT_MAX: usize = 1000;

/// The client looks once a second for what is too late.
const SLACK: Duration = Duration::from_secs(2);

/// A pause before a full queue is tried again, unless an answer comes sooner.
const FULL: Duration = Duration::from_millis(10);

pub(super) struct Call<'a> {
    line: &'a mut Line,
    topic: &'a str,
    events: &'a [Envelope],
    answers: Vec<Option<Answer>>,
    /// The events that are on their way, by the number of their record.
    waiting: HashMap<usize, usize>,
    deadline: Instant,
}

impl<'a> Call<'a> {
    pub(super) fn new(line: &'a mut Line, topic: &'a str, events: &'a [Envelope], wait: Duration) -> Self {
        // Late reports of an earlier call.
        while line.reports.try_recv().is_ok() {}
        let answers = vec![None; events.len()];
        Self {
            line,
            topic,
            events,
            answers,
            waiting: HashMap::new(),
            deadline: Instant::now() + wait + SLACK,
        }
    }

    /// Publishes all, and waits for the answers.
    ///
    /// A server judges a batch of records as one: one record that is too large spoils the others. So whatever
    /// was refused with others is published once more, alone.
    pub(super) async fn publish(&mut self) {
        self.send(0..self.events.len(), IN_FLIGHT_MAX).await;
        if self.events.len() > 1 {
            let spoiled: Vec<usize> = (0..self.events.len()).filter(|nth| self.is_spoiled(*nth)).collect();
            self.send(spoiled.into_iter(), 1).await;
        }
    }

    /// The answers in the order of the events, and why the producer is of no more use.
    pub(super) fn into_answers(self) -> (Vec<Answer>, Option<Doubt>) {
        let doubt = match self.line.fatal() {
            Some((code, words)) => Some(Doubt::Fatal(code, words)),
            None => self.answers.contains(&None).then_some(Doubt::Silent),
        };
        if self.answers.contains(&Some(Answer::Acknowledged)) && doubt.is_none() {
            self.line.troubles.clear();
        }
        let failed = |answer: &Option<Answer>| matches!(answer, None | Some(Answer::Failed(_)));
        if self.answers.iter().any(failed) {
            self.line.has_topic = false;
        }
        let last = self.line.troubles.last().map(|trouble| trouble.reason);
        let late = |answer: Option<Answer>| match answer {
            None | Some(Answer::Failed(RDKafkaErrorCode::MessageTimedOut)) => Answer::Late(last.clone()),
            Some(answer) => answer,
        };
        (self.answers.into_iter().map(late).collect(), doubt)
    }

    fn is_spoiled(&self, nth: usize) -> bool {
        use RDKafkaErrorCode::{InvalidDifferentRecord, InvalidRecord, MessageSizeTooLarge};
        let spoils = |code| [MessageSizeTooLarge, InvalidRecord, InvalidDifferentRecord].contains(code);
        matches!(&self.answers[nth], Some(Answer::Failed(code)) if spoils(code))
    }

    /// Sends these events, and waits until all are answered or the time is over.
    async fn send(&mut self, nths: impl Iterator<Item = usize>, in_flight_max: usize) {
        for nth in nths {
            while self.waiting.len() >= in_flight_max {
                if !self.hear().await {
                    return;
                }
            }
            if !self.hand_over(nth).await {
                return;
            }
        }
        while !self.waiting.is_empty() && self.hear().await {}
    }

    /// Whether there is time left for another one.
    async fn hand_over(&mut self, nth: usize) -> bool {
        let event = &self.events[nth];
        let data = match event.data() {
            Ok(data) => data,
            Err(error) => {
                self.answers[nth] = Some(Answer::Refused(format!("it is no JSON: {error}")));
                return true;
            }
        };
        loop {
            match self.line.send(self.topic, event, &data) {
                Ok(number) => {
                    self.answers[nth] = None;
                    self.waiting.insert(number, nth);
                    return true;
                }
                // The queue has room again once the client has dropped what it has reported.
                Err(RDKafkaErrorCode::QueueFull) if Instant::now() < self.deadline => {
                    if let Ok(Some(report)) = timeout(FULL, self.line.reports.recv()).await {
                        self.take(report);
                    }
                }
                Err(RDKafkaErrorCode::QueueFull) => return false,
                Err(code) => {
                    self.answers[nth] = Some(Answer::of_handing_over(code));
                    return true;
                }
            }
        }
    }

    /// Whether a report has come in time.
    async fn hear(&mut self) -> bool {
        // Most reports come together.
        if let Ok(report) = self.line.reports.try_recv() {
            self.take(report);
            return true;
        }
        match timeout_at(self.deadline, self.line.reports.recv()).await {
            Ok(Some(report)) => {
                self.take(report);
                true
            }
            Ok(None) | Err(_) => false,
        }
    }

    fn take(&mut self, Report { number, error }: Report) {
        if let Some(nth) = self.waiting.remove(&number) {
            self.answers[nth] = Some(error.map_or(Answer::Acknowledged, Answer::Failed));
        }
    }
}
