//! Errors as problems, as RFC 9457 defines them.

use rocket::http::{ContentType, Status};
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use rocket::serde::json::Json;
use rocket::{catch, error};
use serde::Serialize;

use crate::monitors::StoreError;

/// An answer that says what went wrong.
#[derive(Debug, Serialize)]
pub struct Problem {
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
}

impl Problem {
    /// Returns the problem for a status, with what there is to say about it.
    pub fn new(status: Status, detail: impl Into<String>) -> Self {
        Self { title: status.reason_lossy(), status: status.code, detail: detail.into() }
    }

    /// The client sent something that does not do.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(Status::UnprocessableEntity, detail)
    }
}

impl From<StoreError> for Problem {
    fn from(err: StoreError) -> Self {
        match err {
            StoreError::Missing => Self::new(Status::NotFound, "there is no monitor with this name"),
            StoreError::Taken => Self::new(Status::Conflict, "there is a monitor with this name already"),
            StoreError::Unavailable(reason) => {
                error!("the database: {reason}");
                Self::new(Status::ServiceUnavailable, "the database does not answer as it should")
            }
        }
    }
}

impl From<rocket::serde::json::Error<'_>> for Problem {
    fn from(err: rocket::serde::json::Error<'_>) -> Self {
        use rocket::serde::json::Error::{Io, Parse};
        match err {
            Io(err) if err.kind() == std::io::ErrorKind::UnexpectedEof => Self::new(Status::PayloadTooLarge, "the body is too long"),
            Io(err) => Self::new(Status::BadRequest, err.to_string()),
            Parse(_, err) if err.is_data() => Self::invalid(err.to_string()),
            Parse(_, err) => Self::new(Status::BadRequest, format!("the body is not JSON: {err}")),
        }
    }
}

impl<'r> Responder<'r, 'static> for Problem {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let status = Status::new(self.status);
        Response::build_from(Json(self).respond_to(request)?).status(status).header(ContentType::new("application", "problem+json")).ok()
    }
}

/// A JSON body, or why it is none.
pub type Body<'r, T> = Result<Json<T>, rocket::serde::json::Error<'r>>;

#[catch(404)]
pub fn not_found(request: &Request<'_>) -> Problem {
    Problem::new(Status::NotFound, format!("there is no {} {}", request.method(), request.uri().path()))
}

#[catch(default)]
pub fn any(status: Status, _request: &Request<'_>) -> Problem {
    Problem::new(status, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rocket::serde::json::serde_json;

    #[test]
    fn what_the_database_says_stays_inside() {
        let problem = Problem::from(StoreError::Unavailable("password of user api".to_owned()));
        assert_eq!(problem.status, 503);
        assert!(!serde_json::to_string(&problem).unwrap().contains("password"));
    }

    #[test]
    fn wrong_data_is_told_apart_from_wrong_json() {
        let status = |body: &'static str| {
            let err = serde_json::from_str::<Vec<u8>>(body).unwrap_err();
            Problem::from(rocket::serde::json::Error::Parse(body, err)).status
        };
        assert_eq!(status("[-1]"), 422);
        assert_eq!(status("[1"), 400);
    }
}
