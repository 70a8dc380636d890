//! The functions as they are deployed: each path goes to the router of the function that owns it.

use axum::Router;
use create_user::CreateUser;
use domain::Stores;
use list_users::ListUsers;
use manage_user::ManageUser;
use runtime_api::{Front, Received, Sent};
use serve_avatar::ServeAvatar;
use web::{Cors, ImageWork, Lifecycle, Links, Telemetry, body::BodyMemory, edge, health, health::Health};

use super::{BASE, Settings};

/// A function, by the routes that are its own in `docs/lambda.md`.
struct Deployed {
    route: String,
    router: Router,
}

pub struct Deployment(Vec<Deployed>);

impl Deployment {
    pub fn new(stores: &Stores, settings: &Settings) -> Self {
        let (lifecycle, links) = (Lifecycle::default(), Links::new(BASE, BASE));
        lifecycle.serving();
        let router = |function: &str| match function {
            "create-user" => create_user::routes(CreateUser {
                auth: settings.auth.clone(),
                users: stores.users.clone(),
                image_work: ImageWork::new(settings.image_memory_bytes, 1),
                upload_memory: BodyMemory::new(16 << 20),
                links: links.clone(),
                max_upload_bytes: settings.max_upload_bytes,
            }),
            "manage-user" => manage_user::routes(ManageUser {
                auth: settings.auth.clone(),
                users: stores.users.clone(),
                image_work: ImageWork::new(settings.image_memory_bytes, 1),
                upload_memory: BodyMemory::new(16 << 20),
                links: links.clone(),
                max_upload_bytes: settings.max_upload_bytes,
            }),
            "serve-avatar" => serve_avatar::routes(ServeAvatar {
                avatars: stores.avatars.clone(),
                memory: BodyMemory::new(16 << 20),
            }),
            "list-users" => {
                let health = Health::new(lifecycle.clone(), stores.health.clone());
                list_users::routes(ListUsers {
                    auth: settings.auth.clone(),
                    users: stores.users.clone(),
                    links: links.clone(),
                    demo: settings.demo,
                })
                .merge(health::routes(health))
            }
            other => panic!("no function is called {other}"),
        };
        let close = |router| {
            let (cors, telemetry) = (Cors::new(&settings.cors_origins), Telemetry::for_server(None));
            edge::close(router, lifecycle.clone(), cors, telemetry)
        };
        let deployed = routes()
            .into_iter()
            .map(|(route, function)| Deployed { route, router: close(router(&function)) });
        Self(deployed.collect())
    }

    /// The router of the function that the front invokes for this path.
    fn owner(&self, path: &str) -> Router {
        let owns = |deployed: &&Deployed| match deployed.route.strip_prefix("ANY ") {
            None => deployed.route == "$default",
            Some(route) => match route.strip_suffix("{proxy+}") {
                Some(prefix) => path.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty()),
                None => route == path,
            },
        };
        self.0.iter().find(owns).unwrap().router.clone()
    }

    /// Sends a request through `front`, as the event of an invocation.
    pub async fn send(&self, front: Front, sent: &Sent) -> Received {
        self.invoke(front, sent.target.split('?').next().unwrap(), front.event(sent)).await
    }

    /// Hands the event of a request for `path` to the function that owns it.
    pub async fn invoke(&self, front: Front, path: &str, event: serde_json::Value) -> Received {
        let event = serde_json::from_value(event).unwrap();
        let answer = web::lambda::handle(self.owner(path), "", event, "an-invocation".to_owned());
        front.received(&serde_json::to_value(answer.await.unwrap()).unwrap())
    }
}

/// The routes and their functions, as `docs/lambda.md` tells operators.
fn routes() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/lambda.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `ANY /") || line.starts_with("| `$default`"));
    let cells = rows.map(|row| row.split('`').collect::<Vec<_>>());
    cells.map(|cells| (cells[1].to_owned(), cells[3].to_owned())).collect()
}
