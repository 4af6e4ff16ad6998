"""Budgets a month, and how much of each is spent."""

from datetime import date

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from charging.actions.budgets import BudgetTaken, add_budget, change_budget, remove_budget
from charging.models import Budget
from charging.pages.around import today_of
from charging.pages.forms import BudgetForm
from charging.selectors.budgets import budgets_of, spending_of
from charging.services import last_day_of, month_of
from drivers.models import Fleet
from drivers.one_at_a_time import one_at_a_time
from drivers.permissions import FleetRequest, admin_required, member_required
from notifications.models import Notification, NotificationPreference
from notifications.recipients import fleet_recipients
from shell.kept_forms import typed

Kind = Notification.Kind
Managers = NotificationPreference.Managers


@member_required
@require_safe
def budgets(request: FleetRequest) -> HttpResponse:
    """Show the budgets and what is spent of them this month; admins see the form for another."""
    return _show(request, BudgetForm(fleet=request.fleet))


@admin_required
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: FleetRequest) -> HttpResponse:
    """Add a budget; or say beside the field why it was not."""
    data = typed(request)
    if data is None:
        return redirect("charging:budgets")
    form = BudgetForm(data, fleet=request.fleet)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            add_budget(
                request.fleet,
                cost_centre=form.for_whom(),
                amount=given["amount"],
                currency=given["currency"],
                warn_percent=given["warn_percent"],
            )
        except BudgetTaken:
            text = _("There is a budget for this in %(currency)s already. Change that one.")
            form.add_error("cost_centre", text % {"currency": given["currency"]})
        else:
            messages.success(request, _("The budget is saved."))
            return redirect("charging:budgets")
    return _show(request, form)


@admin_required
@require_http_methods(["GET", "HEAD", "POST"])
@one_at_a_time
def change(request: FleetRequest, pk: int) -> HttpResponse:
    """Change a budget's amount, and from when on the fleet is warned."""
    budget = _budget_or_404(request, pk)
    form = BudgetForm(typed(request), fleet=request.fleet, budget=budget)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        change_budget(budget, amount=given["amount"], warn_percent=given["warn_percent"])
        messages.success(request, _("The budget is saved."))
        return redirect("charging:budgets")
    return render(request, "charging/budget.html", {"form": form, "budget": budget})


@admin_required
@require_POST
def remove(request: FleetRequest, pk: int) -> HttpResponse:
    """Remove a budget; what was charged stays."""
    remove_budget(_budget_or_404(request, pk))
    messages.success(request, _("The budget is removed."))
    return redirect("charging:budgets")


def _budget_or_404(request: FleetRequest, pk: int) -> Budget:
    budget = budgets_of(request.fleet).filter(pk=pk).first()
    if budget is None:
        raise Http404
    return budget


def _show(request: FleetRequest, form: BudgetForm) -> HttpResponse:
    month = _month(request)
    context = {
        "form": form,
        "month": month,
        "this_month": month_of(today_of(request)),
        "earlier": month_of(date.fromordinal(month.toordinal() - 1)),
        "later": date.fromordinal(last_day_of(month).toordinal() + 1),
        "rows": spending_of(request.fleet, month, budgets_of(request.fleet)),
        "told": _told(request.fleet),
    }
    return render(request, "charging/budgets.html", context)


def _told(fleet: Fleet) -> str:
    """Return a sentence about who gets an e-mail."""
    who = fleet_recipients([fleet])[fleet.pk]
    # Where nobody is an admin all managers are told instead.
    admins = Managers.ADMINS if who.admins else Managers.ALL
    warned, overspent = (
        admins if who.choices[kind].managers == Managers.ADMINS else who.choices[kind].managers
        for kind in (Kind.BUDGET_WARNED, Kind.BUDGET_OVERSPENT)
    )
    if warned != overspent:
        return _(
            "E-mails when a budget is nearly spent go to: %(warned)s. When it is overspent: "
            "%(overspent)s."
        ) % {"warned": warned.label, "overspent": overspent.label}
    if warned == Managers.NOBODY:
        return _("Nobody gets an e-mail when a budget is nearly spent or overspent.")
    if warned == Managers.ALL:
        return _("All managers get an e-mail when a budget is nearly spent or overspent.")
    return _("The fleet’s admins get an e-mail when a budget is nearly spent or overspent.")


def _month(request: FleetRequest) -> date:
    """Return the month that the query string names, or the present one."""
    today = today_of(request)
    try:
        named = date.fromisoformat(f"{request.GET.get('month', '')[:7]}-01")
    except ValueError:
        return month_of(today)
    return named if 2000 <= named.year <= today.year + 1 else month_of(today)
