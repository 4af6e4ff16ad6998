app_name = "drivers"
urlpatterns: list = []
