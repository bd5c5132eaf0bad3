//! The HTTP API: [`routes`] and [`catchers`].

mod beats;
mod health;
mod monitors;
mod problem;

use rocket::{catchers, routes, Catcher, Route};

/// Returns all routes.
#[must_use]
pub fn routes() -> Vec<Route> {
    routes![monitors::create, monitors::list, monitors::get, monitors::delete, beats::create, beats::list, health::alive, health::ready,]
}

/// Returns what answers where no route does.
#[must_use]
pub fn catchers() -> Vec<Catcher> {
    catchers![problem::not_found, problem::any]
}
