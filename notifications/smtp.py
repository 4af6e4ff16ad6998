"""SMTP that waits long for the answer which tells that a mail was taken, and knows if none came."""

import smtplib
from typing import Any

from django.conf import settings
from django.core.mail.backends import smtp

END_OF_MAIL = b"\r\n.\r\n"


class Unconfirmed(smtplib.SMTPException):
    """The mail server got all of a mail and did not say whether it took it: perhaps it did."""


class _Patient(smtplib.SMTP):
    """Waits EMAIL_ANSWER_SECONDS for the answer to a whole mail, EMAIL_TIMEOUT for any other."""

    _has_all = False

    def data(self, msg: Any) -> Any:
        """Send a mail. Raises Unconfirmed where the connection ends before the answer came."""
        self._has_all = False
        try:
            return super().data(msg)
        except smtplib.SMTPResponseException:
            raise
        except OSError as error:
            if self._has_all:
                raise Unconfirmed(str(error)) from error
            raise
        finally:
            if self.sock:
                self.sock.settimeout(self.timeout)

    def send(self, s: Any) -> None:
        super().send(s)
        if isinstance(s, bytes) and s.endswith(END_OF_MAIL) and self.sock:
            self._has_all = True
            self.sock.settimeout(settings.EMAIL_ANSWER_SECONDS)


class _PatientSSL(_Patient, smtplib.SMTP_SSL):
    pass


class EmailBackend(smtp.EmailBackend):
    """Django's, for workers: nobody waits for a page meanwhile."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _PatientSSL if self.use_ssl else _Patient
