//! Walls between companies: how much of a pool the requests of one company may take at the same time.
//!
//! A company whose statements are slow, or hang, waits for itself. The connections outside of its share
//! stay for the others.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use uuid::Uuid;

use crate::error::{Error, Result};

/// How many requests of one company wait in line at most; the next one is told at once.
const LINE: usize = 256;

/// What each company has taken of one pool. Clones share it.
#[derive(Clone)]
pub(crate) struct Walls {
    share: usize,
    companies: Arc<Mutex<HashMap<Uuid, Taken>>>,
}

/// Present as long as a company has taken something.
struct Taken {
    places: usize,
    line: VecDeque<oneshot::Sender<Place>>,
}

/// One of the places of a company. Dropped, it goes to who has waited longest, or back.
pub(crate) struct Place {
    walls: Option<Walls>,
    company: Uuid,
}

impl Walls {
    /// This many percent of the connections, rounded up, for each company; at least one.
    pub(crate) fn new(connections: usize, percent: u8) -> Self {
        let share = (connections * usize::from(percent.min(100))).div_ceil(100).max(1);
        Self { share, companies: Arc::default() }
    }

    /// Takes a place, or waits in line for one.
    pub(crate) async fn enter(&self, company: Uuid, patience: Duration) -> Result<Place> {
        let turn = match self.try_enter(company) {
            Ok(place) => return Ok(place),
            Err(turn) => turn.ok_or(Error::Overloaded)?,
        };
        match tokio::time::timeout(patience, turn).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(Error::Overloaded),
        }
    }

    /// A place; or a turn in the line; or neither, if the line is full.
    fn try_enter(
        &self,
        company: Uuid,
    ) -> std::result::Result<Place, Option<oneshot::Receiver<Place>>> {
        let mut companies = self.companies();
        let taken =
            companies.entry(company).or_insert_with(|| Taken { places: 0, line: VecDeque::new() });
        if taken.places < self.share {
            taken.places += 1;
            return Ok(Place { walls: Some(self.clone()), company });
        }
        if taken.line.len() >= LINE {
            taken.line.retain(|waiting| !waiting.is_closed());
        }
        if taken.line.len() >= LINE {
            return Err(None);
        }
        let (sender, turn) = oneshot::channel();
        taken.line.push_back(sender);
        Err(Some(turn))
    }

    /// Hands a place on. Whoever has stopped waiting is passed over.
    fn leave(&self, company: Uuid) {
        while let Some(next) = self.next_in_line(company) {
            let place = Place { walls: Some(self.clone()), company };
            match next.send(place) {
                Ok(()) => return,
                // It is this place that is handed on, in the next round.
                Err(mut place) => drop(place.walls.take()),
            }
        }
    }

    /// Who has waited longest; if nobody waits, the place is given back.
    fn next_in_line(&self, company: Uuid) -> Option<oneshot::Sender<Place>> {
        let mut companies = self.companies();
        let Entry::Occupied(mut entry) = companies.entry(company) else { return None };
        let taken = entry.get_mut();
        let next = taken.line.pop_front();
        if next.is_none() {
            taken.places -= 1;
            if taken.places == 0 {
                entry.remove();
            }
        }
        next
    }

    fn companies(&self) -> MutexGuard<'_, HashMap<Uuid, Taken>> {
        self.companies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(walls) = self.walls.take() {
            walls.leave(self.company);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::{LINE, Walls};
    use crate::error::Error;

    const ANY: Uuid = Uuid::nil();
    const OTHER: Uuid = Uuid::max();

    #[test]
    fn a_share_is_rounded_up_and_never_nothing() {
        let share = |connections, percent| Walls::new(connections, percent).share;
        assert_eq!([share(8, 50), share(5, 50), share(1, 50), share(16, 1)], [4, 3, 1, 1]);
        assert_eq!([share(8, 100), share(8, 255), share(8, 0)], [8, 8, 1]);
    }

    #[tokio::test]
    async fn a_full_company_waits_and_another_one_does_not() {
        let walls = Walls::new(4, 50);
        let places = [walls.try_enter(ANY).ok().unwrap(), walls.try_enter(ANY).ok().unwrap()];
        assert!(walls.try_enter(ANY).is_err());
        assert!(walls.try_enter(OTHER).is_ok());
        assert_eq!(walls.enter(ANY, Duration::ZERO).await.err(), Some(Error::Overloaded));
        drop(places);
        assert!(walls.companies().is_empty());
    }

    #[tokio::test]
    async fn the_line_is_served_in_its_order_and_passes_over_those_who_left() {
        let walls = Walls::new(1, 50);
        let first = walls.try_enter(ANY).ok().unwrap();
        let mut turns: Vec<_> =
            (0..3).map(|_| walls.try_enter(ANY).err().unwrap().unwrap()).collect();
        drop(turns.remove(0));
        drop(first);
        let second = turns[0].try_recv().unwrap();
        assert!(turns[1].try_recv().is_err());
        drop(second);
        drop(turns.remove(1).await.unwrap());
        assert!(walls.companies().is_empty());
    }

    #[tokio::test]
    async fn a_place_that_came_too_late_is_not_lost() {
        let walls = Walls::new(1, 50);
        let first = walls.try_enter(ANY).ok().unwrap();
        let turn = walls.try_enter(ANY).err().unwrap().unwrap();
        drop(first);
        // The place lies in the channel when its receiver goes.
        drop(turn);
        assert!(walls.companies().is_empty());
    }

    #[tokio::test]
    async fn a_line_has_an_end() {
        let walls = Walls::new(1, 50);
        let _first = walls.try_enter(ANY).ok().unwrap();
        let turns: Vec<_> = (0..LINE).map(|_| walls.try_enter(ANY).err().unwrap()).collect();
        let long = Duration::from_secs(3600);
        assert_eq!(walls.enter(ANY, long).await.err(), Some(Error::Overloaded));
        drop(turns);
        assert!(walls.try_enter(ANY).err().unwrap().is_some());
    }
}
