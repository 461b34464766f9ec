//! The standard services: `grpc.health.v1.Health` and server reflection.

use nestrs_core::{Shutdown, StartError};
use tonic_health::ServingStatus;
use tonic_health::pb::FILE_DESCRIPTOR_SET;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};
use tonic_reflection::server::Builder;

use crate::services::GrpcServices;

/// Adds the health service, in which every service there is serves until the
/// server stops.
pub(crate) async fn add_health(services: &mut GrpcServices, shutdown: Shutdown) {
    let reporter = HealthReporter::new();
    let names: Vec<_> = services.names().chain([""]).map(str::to_owned).collect();
    for name in &names {
        reporter
            .set_service_status(name, ServingStatus::Serving)
            .await;
    }
    services.add(HealthServer::new(HealthService::from_health_reporter(
        reporter.clone(),
    )));
    services.describe(FILE_DESCRIPTOR_SET);
    tokio::spawn(async move {
        shutdown.stopping().await;
        for name in names {
            reporter
                .set_service_status(name, ServingStatus::NotServing)
                .await;
        }
    });
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
