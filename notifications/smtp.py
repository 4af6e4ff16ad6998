"""SMTP that waits for the answer by which a mail was taken; what went wrong, in words."""

import smtplib
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends import smtp
from django.utils.translation import gettext as _

END_OF_MAIL = b"\r\n.\r\n"
# “Service not available, closing transmission channel” (RFC 5321, 3.8).
CLOSES = 421


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
    """Django's, for workers: nobody waits for a page meanwhile, and many mails go one session.

    Servers end a session after some mails, or when none came for a while. The next mail, of which
    they have taken nothing, then begins another one.
    """

    _sent_before = False

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _PatientSSL if self.use_ssl else _Patient

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        sent_before, self._sent_before = self._sent_before, True
        try:
            return super().send_messages(email_messages)
        except smtplib.SMTPException as error:
            if not (sent_before and _is_end_of_session(error)):
                raise
        with suppress(OSError):
            self.close()
        self.open()
        self._sent_before = True
        return super().send_messages(email_messages)

    def close(self) -> None:
        self._sent_before = False
        super().close()


def _is_end_of_session(error: smtplib.SMTPException) -> bool:
    """Return whether the server has ended a session, and surely not taken the mail."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return any(code == CLOSES for code, _answer in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code == CLOSES
    return isinstance(error, smtplib.SMTPServerDisconnected)


def is_refused_for_good(error: OSError | ValueError) -> bool:
    if not isinstance(error, smtplib.SMTPRecipientsRefused):
        return False
    return all(code >= 500 for code, _answer in error.recipients.values())


def problem_of(error: OSError | ValueError) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = next((code for code, _answer in error.recipients.values()), 0)
        if is_refused_for_good(error):
            return _("The mail server refuses the address (%(code)d).") % {"code": code}
        return _("The mail server is not accepting e-mail for this address now (%(code)d).") % {
            "code": code
        }
    if isinstance(error, smtplib.SMTPResponseException):
        texts = {
            smtplib.SMTPAuthenticationError: _("The mail server refuses our login (%(code)d)."),
            smtplib.SMTPSenderRefused: _("The mail server refuses our address (%(code)d)."),
        }
        text = texts.get(type(error), _("The mail server refuses the e-mail (%(code)d)."))
        return text % {"code": error.smtp_code}
    if isinstance(error, ValueError):
        return _("The e-mail could not be written.")
    if isinstance(error, smtplib.SMTPServerDisconnected | ConnectionError):
        return _("The mail server broke off the connection or does not answer.")
    return _("The mail server cannot be reached.")
