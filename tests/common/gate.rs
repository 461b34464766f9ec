//! Where handlers wait until a test lets them go.

use tokio::sync::Semaphore;

pub(crate) struct Gate {
    arrived: Semaphore,
    open: Semaphore,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            arrived: Semaphore::new(0),
            open: Semaphore::new(0),
        }
    }
}

impl Gate {
    /// Says that it is there, and waits until the gate is open.
    pub(crate) async fn pass(&self) {
        self.arrived.add_permits(1);
        // An open gate is a closed semaphore: everyone gets out of it.
        self.open.acquire().await.unwrap_err();
    }

    /// Waits until so many more have arrived.
    pub(crate) async fn until_arrived(&self, count: u32) {
        self.arrived.acquire_many(count).await.unwrap().forget();
    }

    /// How many have arrived that nobody waited for.
    pub(crate) fn unexpected(&self) -> usize {
        self.arrived.available_permits()
    }

    pub(crate) fn open(&self) {
        self.open.close();
    }
}
