//! What the build script made of the proto files.

#![allow(clippy::all, missing_docs, unreachable_pub, reason = "generated")]

/// All of them, as an encoded `FileDescriptorSet`.
pub(crate) const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

pub mod math {
    include!(concat!(env!("OUT_DIR"), "/math.rs"));
}

pub mod chunks {
    include!(concat!(env!("OUT_DIR"), "/chunks.rs"));
}

pub mod billing {
    include!(concat!(env!("OUT_DIR"), "/billing.rs"));
}

pub mod shop {
    pub mod orders {
        include!(concat!(env!("OUT_DIR"), "/shop.orders.rs"));
    }
}
