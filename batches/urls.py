"""URLs of tables of bookings."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from batches.pages import many, rows, table

app_name = "batches"


class Copied(StringConverter):
    """How far back the day lies that is copied."""

    regex = "|".join(many.COPIES)


register_converter(Copied, "copied")

urlpatterns = [
    path("", table.batch_list, name="list"),
    path("vehicles/", many.book_vehicles, name="vehicles"),
    path("site/<int:pk>/", many.book_many, name="many"),
    path("site/<int:pk>/block/", many.book_block, name="block"),
    path("site/<int:pk>/copy/<copied:which>/", many.copy_day, name="copy"),
    path("like/<int:pk>/", many.another_like, name="like"),
    path("<int:pk>/", table.table, name="table"),
    path("<int:pk>/send/", table.send, name="send"),
    path("<int:pk>/again/", table.again, name="again"),
    path("<int:pk>/name/", table.call, name="name"),
    path("<int:pk>/discard/", table.throw_away, name="discard"),
    path("<int:pk>/all/", rows.set_all, name="all"),
    path("<int:pk>/without/", rows.leave_out_problems, name="without"),
    path("<int:pk>/rows/<int:row_pk>/", rows.edit, name="row"),
    path("<int:pk>/rows/<int:row_pk>/out/", rows.leave_out, name="leave_out"),
    path("<int:pk>/rows/<int:row_pk>/alternatives/", rows.alternatives, name="alternatives"),
]
