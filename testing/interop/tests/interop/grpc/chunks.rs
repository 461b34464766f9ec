//! A stream of a thousand messages of 1 MiB: whole, in order, and never made
//! much faster than it is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{Stream, stream};
use nestrs::prelude::*;
use tonic::Status;

use super::proto::chunks::chunks_client::ChunksClient;
use super::proto::chunks::{Chunk, Range};
use super::{options, served};

const COUNT: u64 = 1_000;
const SIZE: u64 = 1 << 20;
/// What may be under way, in either peer and between them: windows of a few MiB
/// and a few chunks that are being written or read.
const AHEAD: u64 = 16;

#[injectable]
struct Made(Arc<AtomicU64>);

#[injectable]
struct ChunksController {
    made: Arc<Made>,
}

#[grpc_service(chunks.Chunks)]
impl ChunksController {
    async fn read(&self, range: Range) -> impl Stream<Item = Chunk> + use<> {
        let made = self.made.0.clone();
        stream::iter((0..range.count).map(move |index| {
            made.fetch_add(1, Ordering::SeqCst);
            let fill = u8::try_from(index % 251).unwrap_or_default();
            let size = usize::try_from(range.size).unwrap_or_default();
            let data = vec![fill; size];
            Chunk { index, data }
        }))
    }

    async fn made(&self) -> Range {
        Range {
            count: self.made.0.load(Ordering::SeqCst),
            size: 0,
        }
    }
}

#[module(
    providers = [Made, Provider::value(AtomicU64::new(0))],
    microservices = [ChunksController],
)]
struct ChunksModule;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_chunks_arrive_whole_and_in_order_and_are_not_made_ahead() -> Result<(), Status>
{
    let (server, channel) = served::<ChunksModule>(options()).await;
    let mut client = ChunksClient::new(channel);
    let range = Range {
        count: COUNT,
        size: SIZE,
    };
    let mut chunks = client.read(range).await?.into_inner();
    let mut read = 0;
    let mut most_ahead = 0;
    while let Some(Chunk { index, data }) = chunks.message().await? {
        let fill = u8::try_from(index % 251).unwrap_or_default();
        assert_eq!((index, data.len() as u64), (read, SIZE));
        assert!(data.iter().all(|byte| *byte == fill));
        read += 1;
        // A reader that does something else for a while: other calls on the same
        // connection, long enough for a hundred chunks.
        if read % 100 == 1 {
            for _ in 0..100 {
                let made = client.made(Range::default()).await?.into_inner().count;
                most_ahead = most_ahead.max(made - read);
            }
        }
    }
    assert_eq!(read, COUNT);
    assert!(most_ahead <= AHEAD, "{most_ahead} chunks were made ahead");
    println!("{most_ahead} chunks were made ahead at most");
    server.shutdown().await;
    Ok(())
}
