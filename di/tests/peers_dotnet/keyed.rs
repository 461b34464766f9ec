//! Keyed services: names, here.

use super::*;

#[tokio::test]
async fn lists_are_of_one_name() {
    #[injectable]
    struct Lists {
        plain: Vec<Arc<u32>>,
        #[inject("a")]
        a: Vec<Arc<u32>>,
        #[inject("nobody")]
        nobody: Vec<Arc<u32>>,
    }
    #[module(providers = [
        Lists,
        Provider::value(1_u32).named("a").multi(),
        Provider::value(2_u32).multi(),
        Provider::value(3_u32).named("b"),
        Provider::value(4_u32).named("a").multi(),
    ])]
    struct App;
    let lists = container::<App>().await.get::<Lists>().unwrap();
    assert_eq!(*lists.plain[0], 2);
    assert_eq!(lists.a.iter().map(|it| **it).collect::<Vec<_>>(), [1, 4]);
    assert_eq!((lists.plain.len(), lists.nobody.len()), (1, 0));
}

#[tokio::test]
async fn every_kind_of_provider_in_every_scope_can_have_a_name() {
    #[injectable]
    struct OfType(Arc<Count>);
    #[injectable(scope = "request")]
    struct Names {
        #[inject("value")]
        value: Arc<Numbered>,
        #[inject("singleton")]
        singleton: Arc<Numbered>,
        #[inject("transient")]
        transient: Arc<Numbered>,
        #[inject("transient")]
        another: Arc<Numbered>,
        #[inject("request")]
        request: Arc<Numbered>,
        #[inject("request")]
        same: Arc<Numbered>,
        #[inject("type")]
        of_type: Arc<OfType>,
    }
    #[module(providers = [
        Names,
        count(),
        Provider::value(Numbered(100)).named("value"),
        factory(Scope::Singleton).named("singleton"),
        factory(Scope::Transient).named("transient"),
        factory(Scope::Request).named("request"),
        Provider::of::<OfType>().named("type"),
    ])]
    struct App;
    let app = container::<App>().await;
    let (one, two) = (app.scope(), app.scope());
    let (a, b) = (
        one.get::<Names>().await.unwrap(),
        two.get::<Names>().await.unwrap(),
    );
    assert_eq!((a.value.0, a.singleton.0), (100, 0));
    assert!(Arc::ptr_eq(&a.singleton, &b.singleton));
    assert_ne!(a.transient.0, a.another.0);
    assert!(Arc::ptr_eq(&a.request, &a.same));
    assert_ne!(a.request.0, b.request.0);
    assert!(Arc::ptr_eq(&a.of_type.0, &app.get::<Count>().unwrap()));
    assert!(app.get::<Numbered>().is_none() && app.get::<OfType>().is_none());
}

#[tokio::test]
async fn a_name_can_be_looked_up_at_run_time() {
    #[module(providers = [Provider::value(7_u32).named("seven"), Provider::value(8_u32).named("eight")])]
    struct App;
    let app = container::<App>().await;
    let found: Vec<_> = ["eight", "seven", "nine"]
        .map(|name| app.get_named::<u32>(name).map(|it| *it))
        .into();
    assert_eq!(found, [Some(8), Some(7), None]);
    assert!(app.get::<u32>().is_none());
}
