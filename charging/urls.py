from django.urls import path

from charging.pages import assign, budgets, cost_centres, export, lists, session
from charging.selectors.sums import By

app_name = "charging"

urlpatterns = [
    path("", lists.session_list, name="list"),
    *(
        path(f"by-{by}/", lists.session_groups, {"by": by}, name=f"by_{by.name.lower()}")
        for by in By
    ),
    path("export.csv", export.export, name="export"),
    path("assign/", assign.assign, name="assign"),
    path("<int:pk>/", session.detail, name="detail"),
    path("<int:pk>/receipt/", session.receipt, name="receipt"),
    path("cost-centres/", cost_centres.cost_centres, name="cost_centres"),
    path("cost-centres/add/", cost_centres.add, name="add_cost_centre"),
    path("cost-centres/<int:pk>/", cost_centres.change, name="change_cost_centre"),
    path("cost-centres/<int:pk>/retire/", cost_centres.retire, name="retire_cost_centre"),
    path("budgets/", budgets.budgets, name="budgets"),
    path("budgets/add/", budgets.add, name="add_budget"),
    path("budgets/<int:pk>/", budgets.change, name="change_budget"),
    path("budgets/<int:pk>/remove/", budgets.remove, name="remove_budget"),
]
