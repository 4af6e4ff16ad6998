"""Refusals, as AMPECO words them."""


class Refusal(Exception):
    """A call that is not answered with what it asked for."""

    status = 400
    message = "Bad request"

    def __init__(self, message: str = "") -> None:
        super().__init__(message or self.message)

    def payload(self) -> dict[str, object]:
        return {"message": str(self)}


class Unauthorized(Refusal):
    status = 401
    message = "Access token is missing or invalid"


class Forbidden(Refusal):
    status = 403
    message = "This action is unauthorized."


class Missing(Refusal):
    status = 404
    message = "The record is not found"


class Refused(Refusal):
    status = 406
    message = "The charge point rejected the action."


class TooMany(Refusal):
    status = 429
    message = "Too many requests. Please try again later."


class Broken(Refusal):
    status = 500
    message = "Server Error"


class Invalid(Refusal):
    """Input that breaks the operator's rules, by field."""

    status = 422
    message = "The given data was invalid."

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__()
        self.errors = errors

    def payload(self) -> dict[str, object]:
        return {"message": str(self), "errors": self.errors}
