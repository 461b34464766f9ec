//! The standard services: `grpc.health.v1.Health` and server reflection.

use nestrs_core::StartError;
use tonic_health::ServingStatus;
use tonic_health::pb::FILE_DESCRIPTOR_SET;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};
use tonic_reflection::server::Builder;

use crate::services::GrpcServices;

/// What the health service says of each service.
pub(crate) struct Health {
    reporter: HealthReporter,
    names: Vec<String>,
}

impl Health {
    /// Adds the health service, in which every service there is serves.
    pub(crate) async fn add(services: &mut GrpcServices) -> Self {
        let names = services.names().chain([""]).map(str::to_owned).collect();
        let reporter = HealthReporter::new();
        let health = HealthService::from_health_reporter(reporter.clone());
        services.add(HealthServer::new(health));
        services.describe(FILE_DESCRIPTOR_SET);
        let health = Self { reporter, names };
        health.say(ServingStatus::Serving).await;
        health
    }

    /// Says that none of them serves any more.
    pub(crate) async fn stop(self) {
        self.say(ServingStatus::NotServing).await;
    }

    async fn say(&self, status: ServingStatus) {
        for name in &self.names {
            self.reporter.set_service_status(name, status).await;
        }
    }
}

/// Adds reflection, in both versions that clients ask for.
pub(crate) fn add_reflection(services: &mut GrpcServices) -> Result<(), StartError> {
    let sets = services.descriptors().to_vec();
    let builder = || {
        let sets = sets.iter();
        sets.fold(Builder::configure(), |builder, set| {
            builder.register_encoded_file_descriptor_set(set)
        })
    };
    let failed = |error: tonic_reflection::server::Error| StartError::Options {
        message: format!(
            "a descriptor set that the gRPC server's `services` were given does not work: {error}"
        ),
    };
    services.add(builder().build_v1().map_err(failed)?);
    services.add(builder().build_v1alpha().map_err(failed)?);
    Ok(())
}
