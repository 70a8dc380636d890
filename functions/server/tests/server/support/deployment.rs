//! The functions as they are deployed: each path goes to the router of the function that owns it.

use super::{Settings, bodies};
use axum::Router;
use domain::Stores;
use runtime_api::{ClientRequest, ClientResponse, EventSource};

/// A function, by the routes that are its own in `docs/lambda.md`.
struct DeployedFunction {
    route: String,
    router: Router,
}

pub struct Deployment(Vec<DeployedFunction>);

impl Deployment {
    pub fn new(stores: &Stores, settings: Settings) -> Self {
        let app = settings.app_within(&bodies(16 << 20), stores.clone());
        let router = |function: &str| match function {
            "create-user" => create_user::routes(&app),
            "list-users" => list_users::routes(&app),
            "manage-user" => manage_user::routes(&app),
            "serve-avatar" => serve_avatar::routes(&app),
            other => panic!("no function is called {other}"),
        };
        let deployed = routes()
            .into_iter()
            .map(|(route, function)| DeployedFunction { route, router: app.close(router(&function)) });
        Self(deployed.collect())
    }

    /// The router of the function that is invoked for this path.
    fn owner(&self, path: &str) -> Router {
        let owns = |deployed: &&DeployedFunction| match deployed.route.strip_prefix("ANY ") {
            None => deployed.route == "$default",
            Some(route) => match route.strip_suffix("{proxy+}") {
                Some(prefix) => path.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty()),
                None => route == path,
            },
        };
        self.0.iter().find(owns).unwrap().router.clone()
    }

    /// Sends a request through the event source `source`.
    pub async fn send(&self, source: EventSource, request: &ClientRequest) -> ClientResponse {
        self.invoke(source, request.target.split('?').next().unwrap(), source.event(request)).await
    }

    /// Passes the event of a request for `path` to the function that owns it.
    pub async fn invoke(&self, source: EventSource, path: &str, event: serde_json::Value) -> ClientResponse {
        let event = serde_json::from_value(event).unwrap();
        let answer = web::lambda::handle(self.owner(path), "", event, "an-invocation".to_owned());
        source.response(&serde_json::to_value(answer.await.unwrap()).unwrap())
    }
}

/// The routes and their functions, as in `docs/lambda.md`.
fn routes() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/lambda.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `ANY /") || line.starts_with("| `$default`"));
    let cells = rows.map(|row| row.split('`').collect::<Vec<_>>());
    cells
        .map(|cells| match cells[..] {
            [_, route, _, function, _] => (route.to_owned(), function.to_owned()),
            _ => panic!("docs/lambda.md: a row is one route and one function, not {cells:?}"),
        })
        .collect()
}
