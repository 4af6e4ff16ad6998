from django.urls import path

from reports.pages import downloads, mail, views

app_name = "reports"

urlpatterns = [
    path("", views.overview, name="overview"),
    path("mail/", mail.recipients, name="mail"),
    path("mail/<int:pk>/end/", mail.end, name="mail_end"),
    path("report.xlsx", downloads.workbook, name="workbook"),
    path("sessions.csv", downloads.sessions_csv, name="sessions_csv"),
    path("<slug:key>/", views.topic, name="topic"),
    path("<slug:key>/table.csv", downloads.table_csv, name="table_csv"),
]
