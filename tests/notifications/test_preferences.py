"""The table of who gets which mails, as the documents show it."""

import re
from pathlib import Path

from django.conf import settings

from notifications.kinds import MAILS
from notifications.kinds.base import DriverGets
from notifications.models import NotificationPreference

Managers = NotificationPreference.Managers
MANAGERS = {
    Managers.NOBODY: "nobody",
    Managers.ASKED: "who asked",
    Managers.ALL: "all",
    Managers.ADMINS: "admins",
}
DRIVER = {
    DriverGets.NEVER: "never",
    DriverGets.ALWAYS: "always",
    DriverGets.IF_ASKED: "if the driver asked",
}


def test_the_documented_table_is_the_code_s():
    text = (Path(settings.BASE_DIR) / "docs" / "life-of-a-booking.md").read_text()
    table = text.partition("| e-mail | managers | driver |")[2].partition("\n\n")[0]
    documented = re.findall(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$", table, re.MULTILINE)
    assert documented == [
        (
            kind,
            MANAGERS[mail.default.managers],
            DRIVER.get(mail.driver, "yes" if mail.default.driver else "no"),
        )
        for kind, mail in MAILS.items()
    ]
