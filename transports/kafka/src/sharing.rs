//! [`KafkaSharing`]: which replica of a service gets which partitions.

/// How the replicas of a service share the partitions of its topics. All replicas
/// of one group have to say the same.
///
/// Neither way is that of a NestJS server (kafkajs's `RoundRobinAssigner`), which
/// librdkafka does not know: the two cannot be in one group.
///
/// ```
/// use nestrs_transport_kafka::{KafkaMicroserviceOptions, KafkaSharing};
///
/// let options = KafkaMicroserviceOptions {
///     sharing: KafkaSharing::Sticky,
///     ..KafkaMicroserviceOptions::default()
/// };
/// # let _ = options;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum KafkaSharing {
    /// Each replica has as many partitions of every topic as the others, to within
    /// one. Whenever a replica comes or goes, all of them finish what is in hand
    /// and wait for each other: Kafka's `roundrobin`.
    #[default]
    Even,
    /// Only partitions move that have to, and everybody goes on with the others.
    /// Each replica has as many as the others in all, though maybe none of one
    /// topic and all of another: Kafka's `cooperative-sticky`. For handlers that
    /// take long.
    Sticky,
}

impl KafkaSharing {
    /// Its name at Kafka.
    pub(crate) fn strategy(self) -> &'static str {
        match self {
            Self::Even => "roundrobin",
            Self::Sticky => "cooperative-sticky",
        }
    }
}
