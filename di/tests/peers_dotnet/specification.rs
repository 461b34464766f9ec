//! Its specification: what any container for .NET has to do.

use super::*;

#[tokio::test]
async fn an_instance_comes_back_as_the_one_it_is() {
    thread_local!(static INSTANCE: Arc<Numbered> = Arc::new(Numbered(7)));
    #[module(providers = [Provider::shared(INSTANCE.with(Arc::clone))])]
    struct App;
    let app = container::<App>().await;
    assert!(Arc::ptr_eq(
        &app.get::<Numbered>().unwrap(),
        &INSTANCE.with(Arc::clone)
    ));
}

#[tokio::test]
async fn a_transient_is_new_in_the_root_and_in_every_scope() {
    #[module(providers = [factory(Scope::Transient), count()])]
    struct App;
    let app = container::<App>().await;
    let root = app.module_ref(app.root());
    let (one, two) = (app.scope(), app.scope());
    let ids = [
        root.resolve::<Numbered>().await.unwrap().0,
        root.resolve::<Numbered>().await.unwrap().0,
        one.get::<Numbered>().await.unwrap().0,
        one.get::<Numbered>().await.unwrap().0,
        two.get::<Numbered>().await.unwrap().0,
    ];
    assert_eq!(ids, [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn a_scoped_factory_is_shared_in_its_scope_and_no_further() {
    #[injectable(scope = "request")]
    struct Pair(Arc<Numbered>, Arc<Numbered>);
    #[module(providers = [Pair, factory(Scope::Request), count()])]
    struct App;
    let app = container::<App>().await;
    let (one, two) = (app.scope(), app.scope());
    let (a, b) = (
        one.get::<Pair>().await.unwrap(),
        two.get::<Pair>().await.unwrap(),
    );
    assert_eq!((a.0.0, a.1.0, b.0.0, b.1.0), (0, 0, 1, 1));
    // The root has none to give.
    assert!(app.get::<Numbered>().is_none());
    assert!(app.module_ref(app.root()).get::<Numbered>().is_err());
}

#[tokio::test]
async fn a_singleton_seen_from_a_scope_is_the_applications() {
    #[injectable]
    struct Holder(ModuleRef);
    #[module(providers = [Holder, factory(Scope::Request), count()])]
    struct App;
    let app = container::<App>().await;
    let scope = app.scope();
    let holder = scope.get::<Holder>().await.unwrap();
    assert!(Arc::ptr_eq(&holder, &app.get::<Holder>().unwrap()));
    // What it holds is the application, not the scope it was first seen in.
    let mine = scope.get::<Numbered>().await.unwrap();
    assert_ne!(holder.0.resolve::<Numbered>().await.unwrap().0, mine.0);
}

#[tokio::test]
async fn a_scope_can_be_opened_inside_a_scope_and_ends_before_it() {
    #[module(providers = [factory(Scope::Request), count()])]
    struct App;
    let app = container::<App>().await;
    let outer = app.scope();
    let of_outer = outer.get::<Numbered>().await.unwrap();
    for _ in 0..3 {
        let inner = app.module_ref(app.root()).scope().unwrap();
        assert_ne!(inner.get::<Numbered>().await.unwrap().0, of_outer.0);
    }
    assert!(Arc::ptr_eq(
        &outer.get::<Numbered>().await.unwrap(),
        &of_outer
    ));
}

#[tokio::test]
async fn lists_hold_none_one_or_all_in_order() {
    #[injectable]
    struct Lists {
        none: Vec<Arc<u8>>,
        one: Vec<Arc<u16>>,
        all: Vec<Arc<u32>>,
        first: Arc<u16>,
    }
    #[module(providers = [
        Lists,
        Provider::value(1_u16),
        Provider::value(3_u32).multi(),
        Provider::value(1_u32).multi(),
        Provider::value(2_u32).multi(),
    ])]
    struct App;
    let lists = container::<App>().await.get::<Lists>().unwrap();
    assert!(lists.none.is_empty());
    assert!(Arc::ptr_eq(&lists.one[0], &lists.first));
    assert_eq!(
        lists.all.iter().map(|it| **it).collect::<Vec<_>>(),
        [3, 1, 2]
    );
}

#[tokio::test]
async fn three_of_one_type_are_three_instances() {
    #[injectable]
    struct All(Vec<Arc<dyn Service>>);
    #[module(providers = [
        All,
        count(),
        factory(Scope::Singleton).named("a"),
        factory(Scope::Singleton).named("b"),
        Provider::object::<dyn Service>(Arc::new(Numbered(7))).multi(),
        Provider::object::<dyn Service>(Arc::new(Numbered(8))).multi(),
        Provider::object::<dyn Service>(Arc::new(Numbered(9))).multi(),
    ])]
    struct App;
    let all = container::<App>().await.get::<All>().unwrap();
    assert_eq!(
        all.0.iter().map(|it| it.id()).collect::<Vec<_>>(),
        [7, 8, 9]
    );
}

#[test]
fn the_last_does_not_silently_replace_the_first() {
    #[module(providers = [Provider::value(1_u32), Provider::value(2_u32)])]
    struct App;
    assert_eq!(messages::<App>(), ["`App` provides `u32` twice"]);
}

#[tokio::test]
async fn what_is_not_there_is_none() {
    #[module]
    struct App;
    let app = container::<App>().await;
    assert!(app.get::<Numbered>().is_none());
    assert!(app.all::<dyn Service>().is_empty());
    assert!(!app.contains::<Numbered>());
}

#[tokio::test]
async fn whoever_holds_the_container_does_not_keep_it_alive() {
    struct Dropped(Arc<Mutex<bool>>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            *self.0.lock().unwrap() = true;
        }
    }
    #[injectable]
    struct Holder {
        container: ModuleRef,
        #[expect(dead_code)]
        dropped: Arc<Dropped>,
    }
    #[module(providers = [Holder, Provider::value(Dropped(Arc::default()))])]
    struct App;
    let app = container::<App>().await;
    let flag = Arc::clone(&app.get::<Dropped>().unwrap().0);
    let holder = app.get::<Holder>().unwrap();
    assert!(Arc::ptr_eq(
        &holder.container.get::<Holder>().unwrap(),
        &holder
    ));
    let container = holder.container.clone();
    drop((app, holder));
    assert!(*flag.lock().unwrap());
    assert!(matches!(container.get::<Holder>(), Err(ResolveError::Gone)));
}
