//! SQLite as a broker of the suite: a fresh file for every case.

use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use airlock_queue::Broker;
use airlock_queue::lite::Lite;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::world::World;

struct LiteWorld {
    folder: tempfile::TempDir,
    now: Mutex<(u32, Lite)>,
}

/// An empty queue.
pub async fn start() -> Box<dyn World> {
    let folder = tempfile::tempdir().unwrap();
    let lite = open(&folder, 0).await;
    Box::new(LiteWorld {
        now: Mutex::new((0, lite)),
        folder,
    })
}

async fn open(folder: &tempfile::TempDir, number: u32) -> Lite {
    let clock = || i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let path = folder.path().join(format!("{number}.sqlite"));
    Lite::open(&path, true, Arc::new(clock)).await.unwrap()
}

impl World for LiteWorld {
    fn name(&self) -> &'static str {
        "SQLite"
    }

    fn user<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Arc<dyn Broker>> {
        let lite = self.now.lock().unwrap().1.user(name);
        async move { Arc::new(lite) as Arc<dyn Broker> }.boxed()
    }

    fn clear(&self) -> BoxFuture<'_, ()> {
        async move {
            let number = self.now.lock().unwrap().0 + 1;
            let lite = open(&self.folder, number).await;
            *self.now.lock().unwrap() = (number, lite);
        }
        .boxed()
    }

    fn declares_services(&self) -> bool {
        false
    }

    fn end(&self) -> BoxFuture<'_, ()> {
        async {}.boxed()
    }
}
