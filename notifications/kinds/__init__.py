"""The kinds of mails about bookings, wishes, budgets and months, a file each.

Words are those of the active language. A sentence is written out whole, once for each audience, so
that every language can put it as it would be said.
"""

from importlib import import_module
from pkgutil import iter_modules

from notifications.kinds.base import MailKind
from notifications.models import Notification

for _file in iter_modules(__path__):
    import_module(f"{__name__}.{_file.name}")
_found = {each.kind: each() for each in MailKind.__subclasses__()}
# In the order in which bookings live. A member of Kind without a file ends here.
MAILS = {kind: _found[kind] for kind in Notification.Kind}
