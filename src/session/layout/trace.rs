//! The state of a trace: what was noted, and which sample and which variant comes next.
//!
//! One reading shows one variant of each enum, so the type is read until each variant was seen. A type that
//! holds itself is noted by its name, and what it holds inside itself is kept as small as it can be.

use std::collections::BTreeMap;
use std::mem;

use super::nodes::{Definition, Definitions, Fields, Node, Payload, Unread, Variant, Variants};
use super::stopped::Stopped;

/// The most values that the readings of one type may have in all.
const VISITS_MAX: usize = 50_000;

/// How deep a type may be nested.
const DEPTH_MAX: usize = 64;

/// The state of a trace.
#[derive(Default)]
pub(super) struct Trace {
    pub(super) definitions: Definitions,
    /// The structs that are being read.
    open: Vec<&'static str>,
    /// Whether what is read is inside of itself, so that it shall end soon. Then nothing is noted.
    pub(super) is_ending: bool,
    /// Which sample each leaf of the reading is given, and how many there are for it.
    choices: Vec<(usize, usize)>,
    /// How many leaves were read in this reading.
    leaves: usize,
    visits: usize,
    depth: usize,
    /// How many variants an enum has, where its names say more of them.
    counts: BTreeMap<&'static str, usize>,
}

impl Trace {
    /// Counts a value that is read.
    pub(super) fn visit(&mut self) -> Result<(), Stopped> {
        self.visits += 1;
        if self.visits > VISITS_MAX { Err(Stopped::Untraceable) } else { Ok(()) }
    }

    /// Goes into a value with parts.
    pub(super) fn enter(&mut self) -> Result<(), Stopped> {
        self.depth += 1;
        if self.depth > DEPTH_MAX { Err(Stopped::Untraceable) } else { self.visit() }
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Which of `samples` the next leaf is given.
    pub(super) fn choose(&mut self, samples: usize) -> usize {
        if self.leaves == self.choices.len() {
            self.choices.push((0, samples));
        }
        self.leaves += 1;
        self.choices[self.leaves - 1].0.min(samples - 1)
    }

    /// Whether all that the type asks for is noted.
    pub(super) fn is_complete(&self, root: &Node) -> bool {
        let mut unread = Unread { definitions: &self.definitions, seen: Vec::new() };
        !unread.is_within(std::slice::from_ref(root))
    }

    /// Goes on to the next reading after one that has shown something new.
    pub(super) fn go_on(&mut self) {
        self.choices.clear();
        self.start_anew();
    }

    /// Undoes a reading that was refused, and goes on with other samples. None if all were tried.
    pub(super) fn retry(&mut self, before: Definitions) -> Option<()> {
        self.definitions = before;
        self.try_another_sample()?;
        self.start_anew();
        Some(())
    }

    /// Undoes a reading that has met a variant which does not exist.
    pub(super) fn recount(&mut self, before: Definitions) {
        self.definitions = self.counted(before);
        self.start_anew();
    }

    /// Gives the last leaf that was read its next sample. Without one, gives the leaf before it the next.
    fn try_another_sample(&mut self) -> Option<()> {
        self.choices.truncate(self.leaves);
        while let Some((choice, samples)) = self.choices.pop() {
            if choice + 1 < samples {
                self.choices.push((choice + 1, samples));
                return Some(());
            }
        }
        None
    }

    fn start_anew(&mut self) {
        self.open.clear();
        (self.is_ending, self.leaves, self.depth) = (false, 0, 0);
        for definition in self.definitions.values_mut() {
            if let Definition::Enum(found) = definition {
                found.variants.iter_mut().for_each(|variant| variant.is_open = false);
            }
        }
    }

    /// The definitions with as many variants as there are.
    fn counted(&self, mut definitions: Definitions) -> Definitions {
        for (name, count) in &self.counts {
            if let Some(Definition::Enum(found)) = definitions.get_mut(name) {
                found.variants.truncate(*count);
            }
        }
        definitions
    }
}

/// Structs.
impl Trace {
    /// Goes into a struct. Returns whether the reading was ending before.
    pub(super) fn open_struct(&mut self, name: &'static str) -> bool {
        let was_ending = self.is_ending;
        self.is_ending |= self.open.contains(&name);
        self.open.push(name);
        was_ending
    }

    /// Notes a struct that was read.
    pub(super) fn close_struct(&mut self, name: &'static str, fields: Fields, was_ending: bool) {
        if !self.is_ending {
            self.definitions.insert(name, Definition::Struct(fields));
        }
        self.open.pop();
        self.is_ending = was_ending;
    }
}

/// A variant that is being read, and what to go back to afterwards.
pub(super) struct Opened {
    pub(super) name: &'static str,
    pub(super) index: usize,
    was_open: bool,
    was_ending: bool,
}

/// Enums.
impl Trace {
    /// Goes into a variant: one that was not read yet, or else one that is short.
    pub(super) fn open_variant(
        &mut self,
        name: &'static str,
        names: &'static [&'static str],
    ) -> Result<Opened, Stopped> {
        let count = self.counts.get(name).copied().unwrap_or(names.len());
        let (was_ending, turn) = (self.is_ending, self.visits);
        let new = || Definition::Enum(Variants { names, variants: vec![Variant::default(); count] });
        let Definition::Enum(found) = self.definitions.entry(name).or_insert_with(new) else {
            return Err(Stopped::Untraceable);
        };
        let variants = found.variants.len();
        let index = match self.unread(name).filter(|_| !was_ending).or_else(|| self.short(name)) {
            Some(index) => index,
            // Each variant is being read: somewhere inside of them is an end.
            None => {
                self.is_ending = true;
                turn.checked_rem(variants).ok_or(Stopped::Untraceable)?
            }
        };
        let was_open =
            self.variant(name, index).is_some_and(|variant| mem::replace(&mut variant.is_open, true));
        Ok(Opened { name, index, was_open, was_ending })
    }

    /// The first variant that was not read yet, or else one that leads to such a variant of another enum.
    fn unread(&self, name: &'static str) -> Option<usize> {
        let Some(Definition::Enum(found)) = self.definitions.get(name) else { return None };
        let is_new = |variant: &Variant| variant.payload.is_none() && !variant.is_open;
        let leads_on = |variant: &Variant| {
            let seen = self.open.iter().copied().chain([name]).collect();
            Unread { definitions: &self.definitions, seen }.is_in(variant)
        };
        let variants = &found.variants;
        variants.iter().position(is_new).or_else(|| variants.iter().position(leads_on))
    }

    /// A variant that is known to end: one that holds nothing, or else one that was read.
    fn short(&self, name: &'static str) -> Option<usize> {
        let Some(Definition::Enum(found)) = self.definitions.get(name) else { return None };
        let unit = |variant: &Variant| matches!(variant.payload, Some(Payload::Unit));
        let read = |variant: &Variant| variant.payload.is_some() && !variant.is_open;
        let variants = &found.variants;
        variants.iter().position(unit).or_else(|| variants.iter().position(read))
    }

    fn variant(&mut self, name: &'static str, index: usize) -> Option<&mut Variant> {
        match self.definitions.get_mut(name) {
            Some(Definition::Enum(found)) => found.variants.get_mut(index),
            Some(Definition::Struct(_)) | None => None,
        }
    }

    /// Notes a variant that was read.
    pub(super) fn close_variant(&mut self, opened: &Opened, payload: Payload) {
        let is_noted = !self.is_ending;
        if let Some(variant) = self.variant(opened.name, opened.index) {
            variant.is_open = opened.was_open;
            if is_noted {
                variant.payload = Some(payload);
            }
        }
        self.is_ending = opened.was_ending;
    }

    /// Remembers that an enum has no variant of this index.
    pub(super) fn lacks(&mut self, opened: &Opened) -> Stopped {
        match opened.index {
            0 => Stopped::Refused,
            count => {
                self.counts.insert(opened.name, count);
                Stopped::Counted
            }
        }
    }
}
