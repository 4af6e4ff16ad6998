"""Addresses about one's own log-in, beside the library's."""

from django.urls import include, path
from django.views.generic import RedirectView

from accounts import security_views

urlpatterns = [
    # Log-in addresses are the staff's to change.
    path("email/", RedirectView.as_view(pattern_name="home")),
    path("person/", security_views.person, name="account_person"),
    path("language/", security_views.language, name="account_language"),
    path("security/", security_views.security, name="account_security"),
    path("security/first-factor/", security_views.first_factor, name="account_first_factor"),
    path("security/sessions/", security_views.sessions, name="usersessions_list"),
    path(
        "security/sessions/end/",
        security_views.end_other_sessions,
        name="account_end_other_sessions",
    ),
    path(
        "security/sessions/<int:pk>/end/",
        security_views.end_session,
        name="account_end_session",
    ),
    path("security/", include("allauth.mfa.urls")),
    path("", include("allauth.account.urls")),
]
